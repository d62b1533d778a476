import type { CommandFlag, CommandRow, KeySpec } from '../../command-row.ts';

/** Flags in the order in which COMMAND INFO lists them. */
const FLAG_ORDER: readonly CommandFlag[] = [
  'write',
  'readonly',
  'denyoom',
  'admin',
  'pubsub',
  'noscript',
  'blocking',
  'loading',
  'stale',
  'skip_monitor',
  'skip_slowlog',
  'asking',
  'fast',
  'no_auth',
  'may_replicate',
  'no_mandatory_keys',
  'no_async_loading',
  'no_multi',
  'movablekeys',
  'allow_busy',
];

export function flagsOf(row: CommandRow): CommandFlag[] {
  return FLAG_ORDER.filter((flag) => row.flags.includes(flag));
}

const KEY_FLAG_ORDER = [
  'RO',
  'RW',
  'OW',
  'RM',
  'access',
  'update',
  'insert',
  'delete',
  'not_key',
  'incomplete',
  'variable_flags',
];

/** As COMMAND INFO spells them: what is done to the key in capitals, the rest in small letters. */
export function keyFlagsOf(spec: KeySpec): string[] {
  const flags = spec.flags.toUpperCase().split(' ');
  return KEY_FLAG_ORDER.filter((flag) => flags.includes(flag.toUpperCase()));
}

/** First key, last key and step, as COMMAND INFO told them before key specs: only an outline. */
export interface KeyRange {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

const NO_RANGE: KeyRange = { first: 0, last: 0, step: 0 };

/** The specs of fixed positions taken together; when they leave gaps, only the first. */
export function keyRangeOf(row: CommandRow): KeyRange {
  let range = NO_RANGE;
  let previous = 0;
  for (const { begin, find } of row.keys ?? []) {
    if (!('index' in begin) || !('lastKey' in find)) continue;
    if (range !== NO_RANGE && find.step !== range.step) return NO_RANGE;
    if (range !== NO_RANGE && previous !== begin.index - 1) return NO_RANGE;
    const last = find.lastKey >= 0 ? begin.index + find.lastKey : find.lastKey;
    const first = range === NO_RANGE ? begin.index : range.first;
    range = { first, last, step: find.step };
    previous = last;
    if (find.lastKey < 0) break;
  }
  return range;
}
