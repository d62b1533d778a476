import { isUtf8 } from 'node:buffer';
import { NAME } from '../http-sessions.ts';
import type { RouteRequest } from '../route-row.ts';
import {
  compactText,
  cutObject,
  decodeString,
  isString,
  type JsonFault,
  type JsonPlace,
  shown,
} from './json-cutter.ts';
import {
  appendOptions,
  parseJsonOptions,
  parseQueryOptions,
  WRITE_OPTION_NAMES,
  type WriteOptions,
} from './write-options.ts';

export interface Write {
  readonly value: Uint8Array;
  /** JSON other than a string. */
  readonly isJson: boolean;
  /** The value as JSON, as it was sent; null when it came as bytes. */
  readonly json: Buffer | null;
  readonly options: WriteOptions;
}

/** `refused`: the error reply is the caller's last. `unmet`: nx or xx forbade it. */
export type WriteOutcome = 'stored' | 'unmet' | 'refused';

/** The body of a PUT: JSON with the value as a member, or the value's bytes. */
export function parseWrite({ body, isBytes, query }: RouteRequest): Write | JsonFault {
  if (isBytes) {
    const options = parseQueryOptions(query);
    if ('fault' in options) return options;
    return { value: (body as Buffer | undefined) ?? EMPTY, isJson: false, json: null, options };
  }
  const bytes = jsonBytes(body);
  if ('fault' in bytes) return bytes;
  const cut = cutObject(bytes);
  return 'fault' in cut ? cut : parseMembers(bytes, cut.members, BODY_NAMES);
}

/** Members of a write, in a body or in an item of a batch. */
export function parseMembers(
  bytes: Buffer,
  members: ReadonlyMap<string, JsonPlace>,
  names: readonly string[],
): Write | JsonFault {
  for (const name of members.keys()) {
    if (!names.includes(name)) return { fault: `has no member ${shown(name)}` };
  }
  const place = members.get('value');
  if (place === undefined) return { fault: 'needs a member "value"' };
  const options = parseJsonOptions(bytes, members);
  if ('fault' in options) return options;
  const isText = isString(bytes, place);
  const json = compactText(bytes, place);
  return { value: isText ? stringBytes(bytes, place) : json, isJson: !isText, json, options };
}

export const BODY_NAMES = ['value', ...WRITE_OPTION_NAMES];
export const ITEM_NAMES = ['key', ...BODY_NAMES];

/** @returns the body of a request that must have brought JSON */
export function jsonBytes(body: unknown): Buffer | JsonFault {
  const bytes = (body as Buffer | undefined) ?? EMPTY;
  return isUtf8(bytes) ? bytes : { fault: 'is not UTF-8' };
}

/** Runs the SET. */
export function writeKey({ caller }: RouteRequest, key: Uint8Array, write: Write): WriteOutcome {
  const { builder } = caller;
  builder.begin(NAME.SET);
  builder.binary(key);
  builder.binary(write.value);
  appendOptions(builder, write.options);
  if (write.isJson) builder.text('JSON');
  caller.perform();
  builder.trim();
  if (caller.isError) return 'refused';
  return caller.reply[0] === PLUS ? 'stored' : 'unmet';
}

/** A string's bytes; those of one without escapes lie there as they are. */
function stringBytes(bytes: Buffer, place: JsonPlace): Uint8Array {
  const inner = bytes.subarray(place.start + 1, place.end - 1);
  return inner.includes(BACKSLASH) ? Buffer.from(decodeString(bytes, place)) : inner;
}

const EMPTY = Buffer.alloc(0);
const PLUS = 43;
const BACKSLASH = 92;
