import { LIMITS } from '../../base/limits.ts';
import { KeyNote } from '../../commands/direct/key-note.ts';
import { NO_DEADLINE } from '../../engine/database.ts';
import { TYPE, TYPE_NAMES } from '../../engine/keyspace/entry.ts';
import { NAME } from '../http-sessions.ts';
import type { RouteRequest } from '../route-row.ts';
import { type Page, readCollection } from './collections.ts';
import { textOrBase64 } from './value-text.ts';

/** Rewritten by each look; a request's commands run in one go. */
const NOTE = new KeyNote();

/** What a key holds, in the form that was asked for. */
export type KeyReading =
  | { readonly kind: 'missing' }
  /** The error reply is the caller's last. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'tooLong'; readonly length: number }
  | { readonly kind: 'notBytes'; readonly type: string }
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly ttlMs: number }
  /** Members beside the key: `"value":42,"ttl_ms":1000`. */
  | { readonly kind: 'json'; readonly members: string; readonly elementCount: number };

export interface ReadOptions {
  readonly wantsBytes: boolean;
  readonly page: Page;
  /** Longest string that may be made JSON. */
  readonly jsonBytesMax: number;
}

export const MISSING: KeyReading = { kind: 'missing' };
const REFUSED: KeyReading = { kind: 'refused' };

export const FIRST_PAGE: Page = { cursor: '', count: LIMITS.httpElementCountMax };

/** Reads a key by the command for its type. */
export function readKey(
  { caller, services }: RouteRequest,
  key: Buffer,
  options: ReadOptions,
): KeyReading {
  const { builder, session } = caller;
  services.clock.refresh();
  builder.begin(NAME.GET);
  builder.binary(key);
  NOTE.take(session, builder.frame, 1);
  const { type, isJson, deadlineMs } = NOTE;
  const ttlMs = deadlineMs === NO_DEADLINE ? -1 : Math.max(0, deadlineMs - services.clock.nowMs);
  if (type === TYPE.STRING || type === TYPE.FREE) {
    caller.perform();
    if (caller.isError) return REFUSED;
    const bytes = caller.binary();
    if (bytes === null) return MISSING;
    if (options.wantsBytes) return { kind: 'bytes', bytes, ttlMs };
    if (bytes.length > options.jsonBytesMax) return { kind: 'tooLong', length: bytes.length };
    return { kind: 'json', members: stringMembers(bytes, isJson, ttlMs), elementCount: 0 };
  }
  if (options.wantsBytes) return { kind: 'notBytes', type: TYPE_NAMES[type] };
  const found = readCollection(caller, type, key, options.page);
  if (found === null) return REFUSED;
  const encoding = found.isBase64 ? ',"encoding":"base64"' : '';
  const cursor = found.cursor === '' ? '' : `,"cursor":"${found.cursor}"`;
  const named = `"value":${found.json},"type":"${TYPE_NAMES[type]}"`;
  const members = `${named}${encoding}${cursor}${ttlMember(ttlMs)}`;
  return { kind: 'json', members, elementCount: found.elementCount };
}

function stringMembers(bytes: Buffer, isJson: boolean, ttlMs: number): string {
  if (isJson) return `"value":${bytes.toString()}${ttlMember(ttlMs)}`;
  const { text, isBase64 } = textOrBase64(bytes);
  return `"value":${text}${isBase64 ? ',"encoding":"base64"' : ''}${ttlMember(ttlMs)}`;
}

function ttlMember(ttlMs: number): string {
  return ttlMs < 0 ? '' : `,"ttl_ms":${ttlMs}`;
}
