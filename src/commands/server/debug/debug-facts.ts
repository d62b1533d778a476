import type { Frame } from '../../../base/frame.ts';
import type { Database } from '../../../engine/database.ts';
import { idleSecondsOf } from '../../../engine/entry-access.ts';
import { entryMemoryBytes } from '../../../engine/entry-cost.ts';
import { ENCODING, ENCODING_NAMES, TYPE } from '../../../engine/keyspace/entry.ts';
import { integerOf, stringLength } from '../../../engine/values/string/string-value.ts';
import { ERRORS } from '../../../protocol/error-table.ts';
import type { ReplyWriter } from '../../../protocol/reply-writer.ts';
import { integer64Argument } from '../../integer-argument.ts';
import type { Session } from '../../session.ts';

/** Sizes of Redis' structures on 64 bits, which some test suites read; ours have none of them. */
export const STRUCTURE_SIZES =
  'bits:64 robj:16 dictentry:24 sdshdr5:1 sdshdr8:3 sdshdr16:5 sdshdr32:9 sdshdr64:17 ';

/** DEBUG OBJECT. */
export function describeEntry(session: Session, frame: Frame, reply: ReplyWriter): void {
  const { database, node } = session;
  const entry = database.find(frame, 2);
  if (entry === 0) return reply.error(ERRORS.noSuchKey);
  const encoding = ENCODING_NAMES[database.encodingOf(entry)];
  reply.simple(
    `Value at:0x${entry.toString(16)} refcount:1 encoding:${encoding} ` +
      `serializedlength:${serializedBytes(database, entry)} lru:${node.clock.accessS} ` +
      `lru_seconds_idle:${Math.max(0, idleSecondsOf(database, entry))}`,
  );
}

/** A string as an RDB file would hold it, not compressed; other types by what they take here. */
function serializedBytes(database: Database, entry: number): number {
  if (database.typeOf(entry) !== TYPE.STRING) return entryMemoryBytes(database, entry);
  if (database.encodingOf(entry) === ENCODING.INT) {
    const value = Math.abs(integerOf(database, entry));
    if (value < 2 ** 7) return 2;
    if (value < 2 ** 15) return 3;
    if (value < 2 ** 31) return 5;
  }
  const length = stringLength(database, entry);
  if (length < 2 ** 6) return length + 1;
  return length + (length < 2 ** 14 ? 2 : 5);
}

/** DEBUG SDSLEN: no bytes are kept in reserve, so `avail` is 0. */
export function describeString({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  const entry = database.find(frame, 2);
  if (entry === 0) return reply.error(ERRORS.noSuchKey);
  const isBytes =
    database.typeOf(entry) === TYPE.STRING && database.encodingOf(entry) !== ENCODING.INT;
  if (!isBytes) return reply.errorText('ERR Not an sds encoded string.');
  const keyBytes = frame.lengths[2];
  const valueBytes = stringLength(database, entry);
  reply.simple(
    `key_sds_len:${keyBytes}, key_sds_avail:0, key_zmalloc: ${keyBytes}, ` +
      `val_sds_len:${valueBytes}, val_sds_avail:0, val_zmalloc: ${valueBytes}`,
  );
}

/** DEBUG LISTPACK and QUICKLIST: what Redis prints to its own console is not printed here. */
export function describePacked(encoding: 'listpack' | 'quicklist') {
  return ({ database }: Session, frame: Frame, reply: ReplyWriter): void => {
    const entry = encoding === 'listpack' ? database.read(frame, 2) : database.find(frame, 2);
    if (entry === 0) return reply.error(ERRORS.noSuchKey);
    if (ENCODING_NAMES[database.encodingOf(entry)] !== encoding) {
      return reply.errorText(`ERR Not a ${encoding} encoded object.`);
    }
    const what = encoding === 'listpack' ? 'Listpack' : 'Quicklist';
    reply.simple(`${what} structure printed on stdout`);
  };
}

/** DEBUG HTSTATS: the hash index of a database, and how many of its keys have a deadline. */
export function describeTables(session: Session, frame: Frame, reply: ReplyWriter): void {
  const index = integer64Argument(frame, 2);
  if (index === null) return reply.error(ERRORS.notInteger);
  const { databases } = session.store;
  if (index < 0n || index >= databases.length) return reply.errorText('ERR Out of range database');
  const database = databases[Number(index)];
  const keys = tableText(database.count);
  const deadlines = tableText(database.wheel?.count ?? 0);
  reply.verbatim('txt', `[Dictionary HT]\n${keys}[Expires HT]\n${deadlines}`);
}

const HASHED = new Set<number>([ENCODING.HASHTABLE, ENCODING.SKIPLIST]);

/** DEBUG HTSTATS-KEY. */
export function describeKeyTable({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  const entry = database.find(frame, 2);
  if (entry === 0) return reply.error(ERRORS.noSuchKey);
  if (!HASHED.has(database.encodingOf(entry))) {
    reply.errorText(
      'ERR The value stored at the specified key is not represented using an hash table',
    );
    return;
  }
  reply.verbatim('txt', 'Hash table 0 stats (main hash table):\n sorted tables, no chains\n');
}

/** In Redis' form. Our tables have no chains: each element stands in a slot of its own. */
function tableText(count: number): string {
  const head = 'Hash table 0 stats (main hash table):\n';
  if (count === 0) return `${head}No stats available for empty dictionaries\n`;
  const size = 2 ** Math.max(2, Math.ceil(Math.log2(count)));
  const used = (count / size) * 100;
  return (
    `${head} table size: ${size}\n number of elements: ${count}\n different slots: ${count}\n` +
    ' max chain length: 1\n avg chain length (counted): 1.00\n' +
    ' avg chain length (computed): 1.00\n Chain length distribution:\n' +
    `   0: ${size - count} (${(100 - used).toFixed(2)}%)\n   1: ${count} (${used.toFixed(2)}%)\n`
  );
}

/** DEBUG JMAP. */
export function describeHeap({ node }: Session, _frame: Frame, reply: ReplyWriter): void {
  const { rssBytes, heapUsedBytes } = node.world.host.memoryUse();
  reply.verbatim('txt', `resident_bytes:${rssBytes}\nheap_used_bytes:${heapUsedBytes}\n`);
}
