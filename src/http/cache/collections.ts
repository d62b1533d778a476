/**
 * Lists, hashes, sets, sorted sets and streams as JSON, a page at a time. A page is read by the
 * command that reads one over RESP, so that the door decides who may; where the next one begins is
 * told by `cursor`, whose form is the type's own and nobody's business.
 *
 *     list    LRANGE key from to           ["a","b"]
 *     zset    ZRANGE key from to           [{"member":"a","score":1}]
 *     hash    HSCAN key cursor             {"field":"value"}
 *     set     SSCAN key cursor             ["a","b"]
 *     stream  XRANGE key (id + COUNT n     [{"id":"1-1","fields":{"a":"b"}}]
 */
import type { CommandCaller } from '../../commands/direct/command-caller.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import type { ReplyValue } from '../../protocol/reply-values.ts';
import { ElementWriter } from './value-text.ts';

export interface Page {
  /** '' for the first one. */
  readonly cursor: string;
  readonly count: number;
}

export interface CollectionText {
  readonly json: string;
  readonly elementCount: number;
  readonly isBase64: boolean;
  /** Of the next page; '' when there is none. */
  readonly cursor: string;
}

/** @returns null when the reply is an error, which the caller then holds, or is to come */
export function readCollection(
  caller: CommandCaller,
  type: number,
  key: Buffer,
  page: Page,
): CollectionText | null {
  switch (type) {
    case TYPE.LIST:
      return readRange(caller, 'LRANGE', key, page);
    case TYPE.ZSET:
      return readRange(caller, 'ZRANGE', key, page);
    case TYPE.HASH:
      return readScan(caller, 'HSCAN', key, page);
    case TYPE.SET:
      return readScan(caller, 'SSCAN', key, page);
    default:
      return readStream(caller, key, page);
  }
}

function run(caller: CommandCaller, ...words: (string | Uint8Array | number)[]): ReplyValue {
  const { builder } = caller;
  builder.beginEmpty();
  for (const word of words) builder.argument(word);
  caller.perform();
  return caller.isError || caller.isPending ? null : caller.value(true);
}

/** One more than wanted is asked for: it says whether there is a next page. */
function readRange(
  caller: CommandCaller,
  name: 'LRANGE' | 'ZRANGE',
  key: Buffer,
  { cursor, count }: Page,
): CollectionText | null {
  const from = cursor === '' ? 0 : Number(cursor);
  const more = name === 'ZRANGE' ? ['WITHSCORES'] : [];
  const found = run(caller, name, key, from, from + count, ...more) as ReplyValue[] | null;
  if (found === null) return null;
  const elements = found.slice(0, count);
  const writer = new ElementWriter(elements);
  return {
    json: name === 'LRANGE' ? writer.list(elements) : scoredText(writer, elements),
    elementCount: elements.length,
    isBase64: writer.isBase64,
    cursor: found.length > count ? String(from + count) : '',
  };
}

function scoredText(writer: ElementWriter, elements: readonly ReplyValue[]): string {
  const texts: string[] = [];
  for (const element of elements) {
    const [member, score] = element as [Buffer, number];
    // JSON has no infinity.
    const number = Number.isFinite(score) ? String(score) : score > 0 ? '"inf"' : '"-inf"';
    texts.push(`{"member":${writer.text(member)},"score":${number}}`);
  }
  return `[${texts.join()}]`;
}

function readScan(
  caller: CommandCaller,
  name: 'HSCAN' | 'SSCAN',
  key: Buffer,
  { cursor, count }: Page,
): CollectionText | null {
  const found = run(caller, name, key, cursor === '' ? '0' : cursor, 'COUNT', count);
  if (found === null) return null;
  const [next, elements] = found as [Buffer, Buffer[]];
  const writer = new ElementWriter(elements);
  const nextText = next.toString('latin1');
  return {
    json: name === 'SSCAN' ? writer.list(elements) : writer.object(elements),
    elementCount: elements.length,
    isBase64: writer.isBase64,
    cursor: nextText === '0' ? '' : nextText,
  };
}

function readStream(
  caller: CommandCaller,
  key: Buffer,
  { cursor, count }: Page,
): CollectionText | null {
  const from = cursor === '' ? '-' : `(${cursor}`;
  const found = run(caller, 'XRANGE', key, from, '+', 'COUNT', count + 1);
  if (found === null) return null;
  const entries = (found as [Buffer, Buffer[]][]).slice(0, count);
  const writer = new ElementWriter(entries.map(([, fields]) => fields));
  const texts = entries.map(([id, fields]) => {
    return `{"id":"${id.toString('latin1')}","fields":${writer.object(fields)}}`;
  });
  const last = entries.at(-1);
  const hasMore = (found as unknown[]).length > count && last !== undefined;
  return {
    json: `[${texts.join()}]`,
    elementCount: entries.length,
    isBase64: writer.isBase64,
    cursor: hasMore ? last[0].toString('latin1') : '',
  };
}
