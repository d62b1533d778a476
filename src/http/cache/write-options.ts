/**
 * What a write says beside its value, of a JSON body or of an address:
 *
 *     ttl: "30s" or seconds | ttl_hours | ttl_ms     one of them; 0 is none
 *     nx | xx                                        one of them
 */
import { DURATION_MS_MAX, parseDuration } from '../../base/sizes.ts';
import type { FrameBuilder } from '../../protocol/frame-builder.ts';
import {
  decodeString,
  isNull,
  isString,
  type JsonFault,
  type JsonPlace,
  shown,
} from './json-cutter.ts';

export interface WriteOptions {
  /** 0: none was named; the store's own applies. */
  readonly ttlMs: number;
  readonly condition: 'NX' | 'XX' | '';
}

/** Milliseconds of one of the unit. */
const TTL_UNITS_MS: Readonly<Record<string, number>> = {
  ttl: 1000,
  ttl_hours: 3_600_000,
  ttl_ms: 1,
};

export const WRITE_OPTION_NAMES = [...Object.keys(TTL_UNITS_MS), 'nx', 'xx'];

/** @param members  of the body, those of no option as well */
export function parseJsonOptions(
  bytes: Buffer,
  members: ReadonlyMap<string, JsonPlace>,
): WriteOptions | JsonFault {
  const words = new Map<string, Word>();
  for (const name of WRITE_OPTION_NAMES) {
    const place = members.get(name);
    if (place === undefined || isNull(bytes, place)) continue;
    const isText = isString(bytes, place);
    const { start, end } = place;
    const text = isText ? decodeString(bytes, place) : bytes.toString('latin1', start, end);
    words.set(name, { text, isText });
  }
  return parseWords(words);
}

/** Of an address: `?ttl=30s&nx=true`. */
export function parseQueryOptions(
  query: Readonly<Record<string, unknown>>,
): WriteOptions | JsonFault {
  const words = new Map<string, Word>();
  for (const [name, text] of Object.entries(query)) {
    if (!WRITE_OPTION_NAMES.includes(name)) return { fault: `${shown(name)} is no option` };
    if (typeof text !== 'string') return { fault: `${name} stands twice` };
    // An address knows no types: what looks like a number is one.
    words.set(name, { text, isText: !/^[\d.]+$/.test(text) });
  }
  return parseWords(words);
}

/** Appends them to a SET. */
export function appendOptions(builder: FrameBuilder, { ttlMs, condition }: WriteOptions): void {
  if (ttlMs > 0) {
    builder.text('PX');
    builder.number(ttlMs);
  }
  if (condition !== '') builder.text(condition);
}

interface Word {
  readonly text: string;
  /** It was a JSON string. */
  readonly isText: boolean;
}

function parseWords(words: ReadonlyMap<string, Word>): WriteOptions | JsonFault {
  let ttlMs = 0;
  let ttlName = '';
  let condition: WriteOptions['condition'] = '';
  for (const [name, word] of words) {
    if (name === 'nx' || name === 'xx') {
      if (word.text !== 'true' && word.text !== 'false') {
        return { fault: `${name} must be true or false` };
      }
      if (word.text === 'false') continue;
      if (condition !== '') return { fault: 'nx and xx exclude each other' };
      condition = name === 'nx' ? 'NX' : 'XX';
      continue;
    }
    if (ttlName !== '') return { fault: `${ttlName} and ${name} exclude each other` };
    ttlName = name;
    const parsed = parseTtl(name, word);
    if (parsed === null) return { fault: `${name} must be ${TTL_FORMS[name]}` };
    ttlMs = parsed;
  }
  return { ttlMs, condition };
}

const TTL_FORMS: Readonly<Record<string, string>> = {
  ttl: 'a duration such as "30s", or seconds',
  ttl_hours: 'a number of hours',
  ttl_ms: 'a number of milliseconds',
};

/** Whole milliseconds, a part of one counting as one; null when it is no time to live. */
function parseTtl(name: string, { text, isText }: Word): number | null {
  const unitMs = TTL_UNITS_MS[name];
  const isDuration = isText && name === 'ttl';
  if (isText && !isDuration) return null;
  const ttlMs = isDuration ? parseDuration(text, unitMs) : Number(text) * unitMs;
  if (ttlMs === null || !(ttlMs >= 0 && ttlMs <= DURATION_MS_MAX)) return null;
  return Math.ceil(ttlMs);
}
