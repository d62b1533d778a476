import { LIMITS } from '../../base/limits.ts';
import type { CommandCaller } from '../../commands/direct/command-caller.ts';
import { type KeyNote, readNotedReply, takeNote } from '../../commands/direct/key-note.ts';
import { NO_DEADLINE } from '../../engine/database.ts';
import { TYPE, TYPE_NAMES } from '../../engine/keyspace/entry.ts';
import type { ReplyError, ReplyValue } from '../../protocol/reply-values.ts';
import { NAME } from '../http-sessions.ts';
import type { RouteRequest } from '../route-row.ts';
import { type Page, readCollection } from './collections.ts';
import { textOrBase64 } from './value-text.ts';

/** What a key holds, in the form that was asked for. */
export type KeyReading =
  | { readonly kind: 'missing' }
  /** The error reply is the caller's last. */
  | { readonly kind: 'refused'; readonly error: string }
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

/** A key that this node holds, or of which another one has told. */
export type OpenedKey =
  | { readonly kind: 'pending' }
  | { readonly kind: 'refused'; readonly error: string }
  | { readonly kind: 'here'; readonly key: Buffer; readonly note: KeyNote }
  | {
      readonly kind: 'told';
      readonly key: Buffer;
      readonly note: KeyNote;
      readonly value: ReplyValue;
    };

const MISSING: KeyReading = { kind: 'missing' };

export const FIRST_PAGE: Page = { cursor: '', count: LIMITS.httpElementCountMax };

/**
 * Looks what a key holds, here or at the node that has it. Of several keys all are opened before
 * the first is read: see `ReplyScript`.
 */
export function openKey({ caller, services }: RouteRequest, key: Buffer): OpenedKey {
  const { builder, session } = caller;
  services.clock.refresh();
  beginGet(caller, key);
  const note = caller.recall(() =>
    caller.isElsewhere ? null : takeNote(session, builder.frame, 1),
  );
  return note === null ? performGet(caller, key) : { kind: 'here', key, note };
}

/** Reads an opened key by the command for its type. */
export function readKey(
  { caller, services }: RouteRequest,
  opened: OpenedKey,
  options: ReadOptions,
): KeyReading {
  let found = opened;
  if (found.kind === 'here' && !isCollection(found.note)) {
    beginGet(caller, found.key);
    found = performGet(caller, found.key, found.note);
  }
  if (found.kind === 'refused') return found;
  // Nobody will be told this: the request's code runs again.
  if (found.kind === 'pending') return MISSING;
  const { deadlineMs, type } = found.note;
  const ttlMs = deadlineMs === NO_DEADLINE ? -1 : Math.max(0, deadlineMs - services.clock.nowMs);
  if (isCollection(found.note)) return readPage(caller, found.key, { type, ttlMs }, options);
  const bytes = found.kind === 'told' ? (found.value as Buffer | null) : null;
  if (bytes === null) return MISSING;
  if (options.wantsBytes) return { kind: 'bytes', bytes, ttlMs };
  if (bytes.length > options.jsonBytesMax) return { kind: 'tooLong', length: bytes.length };
  const members = stringMembers(bytes, found.note.isJson, ttlMs);
  return { kind: 'json', members, elementCount: 0 };
}

function readPage(
  caller: CommandCaller,
  key: Buffer,
  { ttlMs, type }: { ttlMs: number; type: number },
  { page, wantsBytes }: ReadOptions,
): KeyReading {
  if (wantsBytes) return { kind: 'notBytes', type: TYPE_NAMES[type] };
  const found = readCollection(caller, type, key, page);
  if (found === null) return caller.isPending ? MISSING : refusedBy(caller);
  const encoding = found.isBase64 ? ',"encoding":"base64"' : '';
  const cursor = found.cursor === '' ? '' : `,"cursor":"${found.cursor}"`;
  const named = `"value":${found.json},"type":"${TYPE_NAMES[type]}"`;
  const members = `${named}${encoding}${cursor}${ttlMember(ttlMs)}`;
  return { kind: 'json', members, elementCount: found.elementCount };
}

function beginGet({ builder }: CommandCaller, key: Buffer): void {
  builder.begin(NAME.GET);
  builder.binary(key);
}

/** @param note  of this node; another one, if it executes GET, tells one with its reply */
function performGet(caller: CommandCaller, key: Buffer, note: KeyNote | null = null): OpenedKey {
  caller.perform();
  if (caller.isPending) return { kind: 'pending' };
  if (caller.isError) return refusedBy(caller);
  const value = caller.value(true);
  if (note !== null && !Array.isArray(value)) return { kind: 'told', key, note, value };
  return { kind: 'told', key, ...readNotedReply(value) };
}

function refusedBy(caller: CommandCaller): { kind: 'refused'; error: string } {
  return { kind: 'refused', error: (caller.value(false) as ReplyError).message };
}

function isCollection({ type }: KeyNote): boolean {
  return type !== TYPE.STRING && type !== TYPE.FREE;
}

function stringMembers(bytes: Buffer, isJson: boolean, ttlMs: number): string {
  if (isJson) return `"value":${bytes.toString()}${ttlMember(ttlMs)}`;
  const { text, isBase64 } = textOrBase64(bytes);
  return `"value":${text}${isBase64 ? ',"encoding":"base64"' : ''}${ttlMember(ttlMs)}`;
}

function ttlMember(ttlMs: number): string {
  return ttlMs < 0 ? '' : `,"ttl_ms":${ttlMs}`;
}
