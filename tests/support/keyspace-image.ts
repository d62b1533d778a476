/**
 * What a server holds, as text that two servers can be compared by: every key of a database with
 * its type, its deadline to the millisecond and its whole value. What a server may order as it
 * likes is sorted; what differs by the moment (when a consumer was last seen) is left out.
 */
import { plainReply, type Reply } from '../../src/testing/reply-decoder.ts';
import type { Argument, WireClient } from './wire-client.ts';

/** Key (latin1) -> what it holds. */
export type Image = Map<string, KeyImage>;

export interface KeyImage {
  readonly type: string;
  /** Unix milliseconds; -1: none. */
  readonly deadlineMs: number;
  readonly value: string;
}

/** Keys asked for together. */
const BATCH_KEYS = 200;

/** Of the database that the client has selected. */
export async function readImage(client: WireClient, pattern = '*'): Promise<Image> {
  const keys = await scanKeys(client, pattern);
  const image: Image = new Map();
  for (let at = 0; at < keys.length; at += BATCH_KEYS) {
    const batch = keys.slice(at, at + BATCH_KEYS);
    const heads = await pipeline(
      client,
      batch.flatMap((key) => [
        ['TYPE', key],
        ['PEXPIRETIME', key],
      ]),
    );
    const types = batch.map((_, i) => String(plainReply(heads[2 * i])));
    const values = await pipeline(
      client,
      batch.map((key, i) => valueCommand(types[i], key)),
    );
    for (const [i, key] of batch.entries()) {
      const deadlineMs = Number(plainReply(heads[2 * i + 1]));
      // Gone between two questions.
      if (types[i] === 'none' || deadlineMs === -2) continue;
      const value = describeValue(types[i], values[i]);
      image.set(key.toString('latin1'), { type: types[i], deadlineMs, value });
    }
  }
  return image;
}

/** Sends all at once. @returns the replies, in order */
export async function pipeline(
  client: WireClient,
  commands: readonly (readonly Argument[])[],
): Promise<Reply[]> {
  if (commands.length === 0) return [];
  client.sendCommands(commands);
  return client.take(commands.length);
}

export async function scanKeys(client: WireClient, pattern = '*'): Promise<Buffer[]> {
  const found = new Map<string, Buffer>();
  let cursor = '0';
  do {
    const reply = await client.call('SCAN', cursor, 'MATCH', pattern, 'COUNT', '1000');
    if (reply.kind !== 'array') throw new Error(`SCAN answers ${JSON.stringify(reply)}`);
    const [next, keys] = reply.items;
    cursor = String(plainReply(next));
    if (keys.kind !== 'array') throw new Error('SCAN without keys');
    for (const key of keys.items) {
      if (key.kind === 'bulk') found.set(key.bytes.toString('latin1'), key.bytes);
    }
  } while (cursor !== '0');
  return [...found.values()];
}

/**
 * @param nowMs  keys whose deadline lies before it, or within `slackMs` after it, may be missing
 * @returns      one line a difference, at most five of them; none: they are the same
 */
export function compareImages(
  wanted: Image,
  found: Image,
  { nowMs = 0, slackMs = 0 }: { nowMs?: number; slackMs?: number } = {},
): string[] {
  const lines: string[] = [];
  const mayBeGone = ({ deadlineMs }: KeyImage) => deadlineMs >= 0 && deadlineMs <= nowMs + slackMs;
  for (const [key, image] of wanted) {
    const other = found.get(key);
    if (other === undefined) {
      if (!mayBeGone(image)) lines.push(`${quote(key)} is missing; was ${describe(image)}`);
    } else if (describeWhole(other) !== describeWhole(image)) {
      // It expired between two questions.
      if (mayBeGone(image) && mayBeGone(other)) continue;
      lines.push(`${quote(key)} is ${describe(other, image)}, was ${describe(image, other)}`);
    }
  }
  for (const [key, image] of found) {
    if (!wanted.has(key) && !mayBeGone(image)) {
      lines.push(`${quote(key)} was not there; is ${describe(image)}`);
    }
  }
  return lines.slice(0, 5);
}

function describeWhole({ type, deadlineMs, value }: KeyImage): string {
  return `${type} ${deadlineMs} ${value}`;
}

const SHOWN_CHARACTERS = 60;

/** @param other  what it is compared with: shown is where they begin to differ */
function describe({ type, deadlineMs, value }: KeyImage, other?: KeyImage): string {
  let from = 0;
  while (from < value.length && value[from] === other?.value[from]) from++;
  if (from === value.length) from = 0;
  from = Math.max(0, from - SHOWN_CHARACTERS / 3);
  const shown = value.slice(from, from + SHOWN_CHARACTERS);
  const place = shown.length < value.length ? ` (${from} of ${value.length})` : '';
  return `${type}, deadline ${deadlineMs}, ${JSON.stringify(shown)}${place}`;
}

function quote(key: string): string {
  return JSON.stringify(key.length > 100 ? `${key.slice(0, 100)}...` : key);
}

function valueCommand(type: string, key: Buffer): Argument[] {
  switch (type) {
    case 'list':
      return ['LRANGE', key, '0', '-1'];
    case 'set':
      return ['SMEMBERS', key];
    case 'hash':
      return ['HGETALL', key];
    case 'zset':
      return ['ZRANGE', key, '0', '-1', 'WITHSCORES'];
    case 'stream':
      return ['XINFO', 'STREAM', key, 'FULL', 'COUNT', '0'];
    default:
      return ['GET', key];
  }
}

function describeValue(type: string, reply: Reply): string {
  if (reply.kind === 'bulk') return JSON.stringify(reply.bytes.toString('latin1'));
  if (reply.kind === 'null') return 'nothing';
  if (reply.kind !== 'array') throw new Error(`a ${type} answers ${JSON.stringify(reply)}`);
  const texts = () => reply.items.map(textOf);
  switch (type) {
    case 'set':
      return JSON.stringify(texts().sort());
    case 'hash':
      return JSON.stringify(pairs(texts()).sort());
    case 'stream':
      return JSON.stringify(streamOf(reply.items));
    default:
      return JSON.stringify(texts());
  }
}

function textOf(reply: Reply): string {
  return reply.kind === 'bulk' ? reply.bytes.toString('latin1') : String(plainReply(reply));
}

function pairs(words: readonly string[]): string[] {
  const found: string[] = [];
  for (let i = 0; i < words.length; i += 2) found.push(JSON.stringify([words[i], words[i + 1]]));
  return found;
}

/** Fields of XINFO STREAM FULL that are data. How the entries lie in memory is not. */
const STREAM_FIELDS = [
  'length',
  'last-generated-id',
  'max-deleted-entry-id',
  'entries-added',
  'recorded-first-entry-id',
  'entries',
];
const GROUP_FIELDS = ['name', 'last-delivered-id', 'entries-read', 'lag', 'pel-count', 'pending'];
const CONSUMER_FIELDS = ['name', 'pel-count', 'pending'];

function streamOf(items: readonly Reply[]): unknown {
  const fields = fieldsOf(items);
  const groups = listOf(fields.get('groups')).map((group) => {
    const parts = fieldsOf(listOf(group));
    const consumers = listOf(parts.get('consumers')).map((consumer) =>
      choose(fieldsOf(listOf(consumer)), CONSUMER_FIELDS),
    );
    return { ...choose(parts, GROUP_FIELDS), consumers: consumers.map(sortable).sort() };
  });
  return { ...choose(fields, STREAM_FIELDS), groups };
}

function sortable(value: unknown): string {
  return JSON.stringify(value);
}

function fieldsOf(items: readonly Reply[]): Map<string, Reply> {
  const fields = new Map<string, Reply>();
  for (let i = 0; i < items.length; i += 2) fields.set(textOf(items[i]), items[i + 1]);
  return fields;
}

function listOf(reply: Reply | undefined): readonly Reply[] {
  return reply?.kind === 'array' ? reply.items : [];
}

function choose(fields: Map<string, Reply>, names: readonly string[]): Record<string, unknown> {
  const chosen: Record<string, unknown> = {};
  for (const name of names) {
    const reply = fields.get(name);
    chosen[name] = reply === undefined ? null : latin1Of(reply);
  }
  return chosen;
}

function latin1Of(reply: Reply): unknown {
  return reply.kind === 'array' ? reply.items.map(latin1Of) : textOf(reply);
}
