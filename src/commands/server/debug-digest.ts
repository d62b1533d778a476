/**
 * DEBUG DIGEST and DIGEST-VALUE by Redis' own algorithm, so that equal data has equal digests on
 * both servers. Everything is built from two steps on 20 bytes:
 *
 *     xor   digest ^= SHA1(bytes)                 where order does not matter: sets, fields
 *     mix   digest = SHA1(digest ^ SHA1(bytes))   where it does: list elements
 *
 * A key's digest: mix its name, mix its type as u32 big-endian, the value as below, and when it has
 * a deadline xor `!!expire!!`. A database mixes its number, then xors the digest of each key.
 *
 *     string   mix the bytes
 *     list     mix each element, first to last
 *     set      xor each member
 *     hash     from 20 zeros: mix field, mix value; xor those 20 bytes
 *     zset     from 20 zeros: mix member, mix the score as %.17g; xor those 20 bytes
 *     stream   for each entry: mix `ms.seq`, then of each pair mix field, mix value
 */

import { SHA1_BYTES, sha1Into } from '../../base/digest/sha1.ts';
import { LIMITS } from '../../base/limits.ts';
import { formatDouble } from '../../base/numbers.ts';
import { type Database, NO_DEADLINE } from '../../engine/database.ts';
import { AddressBuffer } from '../../engine/keyspace/address-buffer.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { Slice } from '../../engine/slice.ts';
import { OpenHash } from '../../engine/values/hash/open-hash.ts';
import { ListWalker } from '../../engine/values/list/list-walker.ts';
import { StreamId } from '../../engine/values/stream/stream-id.ts';
import { StreamRecord } from '../../engine/values/stream/stream-record.ts';
import { StreamWalker } from '../../engine/values/stream/stream-walker.ts';
import { openString } from '../../engine/values/string/string-value.ts';
import { type MemberSource, openSource } from '../../engine/values/zset/member-source.ts';

/** Adds the value of a live entry of that type to the digest; changes nothing of the entry. */
export type DigestValue = (database: Database, entry: number, digest: Digest) => void;

/** How each type adds its value. A type without a line counts as its name and type alone. */
const DIGEST_VALUE: Partial<Record<number, DigestValue>> = {
  [TYPE.STRING]: digestString,
  [TYPE.LIST]: digestList,
  [TYPE.SET]: digestSet,
  [TYPE.ZSET]: digestZset,
  [TYPE.HASH]: digestHash,
  [TYPE.STREAM]: digestStream,
};

export class Digest {
  readonly bytes = new Uint8Array(SHA1_BYTES);
  private readonly hashed = new Uint8Array(SHA1_BYTES);

  xor(bytes: Uint8Array, offset = 0, length: number = bytes.length): void {
    sha1Into(this.hashed, bytes, offset, length);
    for (let i = 0; i < SHA1_BYTES; i++) this.bytes[i] ^= this.hashed[i];
  }

  mix(bytes: Uint8Array, offset = 0, length: number = bytes.length): void {
    this.xor(bytes, offset, length);
    sha1Into(this.bytes, this.bytes, 0, SHA1_BYTES);
  }

  /** ASCII. */
  xorText(text: string): void {
    this.xor(Buffer.from(text, 'latin1'));
  }

  mixText(text: string): void {
    this.mix(Buffer.from(text, 'latin1'));
  }

  clear(): void {
    this.bytes.fill(0);
  }

  toString(): string {
    return Buffer.from(this.bytes).toString('hex');
  }
}

/** The digest of all databases: equal data has it, in whatever order it was written. */
export function digestOfDatabases(databases: readonly Database[]): string {
  const all = new Digest();
  const digest = new Digest();
  for (const database of databases) {
    if (database.count === 0) continue;
    all.mix(bigEndian(database.index));
    const found = new AddressBuffer(LIMITS.sliceEntryCount);
    let cursor = 0;
    do {
      found.count = 0;
      cursor = database.scan(cursor, LIMITS.sliceEntryCount, found);
      for (let i = 0; i < found.count; i++) {
        digest.clear();
        const key = database.keySlice(found.addresses[i]);
        digest.mix(key.bytes, key.offset, key.length);
        addEntry(database, found.addresses[i], digest);
        all.xor(digest.bytes);
      }
    } while (cursor !== 0);
  }
  return all.toString();
}

/** @param entry  0 for a key that is not there */
export function digestOfValue(database: Database, entry: number): string {
  const digest = new Digest();
  if (entry !== 0) addEntry(database, entry, digest);
  return digest.toString();
}

function addEntry(database: Database, entry: number, digest: Digest): void {
  const type = database.typeOf(entry);
  digest.mix(bigEndian(REDIS_TYPE[type]));
  DIGEST_VALUE[type]?.(database, entry, digest);
  if (database.deadlineOf(entry) !== NO_DEADLINE) digest.xorText('!!expire!!');
}

/** Redis' numbers of the types, by ours. */
const REDIS_TYPE: Readonly<Record<number, number>> = {
  [TYPE.STRING]: 0,
  [TYPE.LIST]: 1,
  [TYPE.SET]: 2,
  [TYPE.ZSET]: 3,
  [TYPE.HASH]: 4,
  [TYPE.STREAM]: 6,
};

function bigEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function digestString(database: Database, entry: number, digest: Digest): void {
  const value = openString(database, entry);
  digest.mix(value.bytes, value.offset, value.length);
}

function digestList(database: Database, entry: number, digest: Digest): void {
  const walker = new ListWalker();
  const element = new Slice();
  for (let isThere = walker.open(database, entry, 0); isThere; isThere = walker.next()) {
    walker.read(element);
    digest.mix(element.bytes, element.offset, element.length);
  }
}

function digestSet(database: Database, entry: number, digest: Digest): void {
  const source = openSource(database, entry) as MemberSource;
  for (let isThere = source.seekFirst(); isThere; isThere = source.next()) {
    const member = source.showMember();
    digest.xor(member.bytes, member.offset, member.length);
  }
}

function digestZset(database: Database, entry: number, digest: Digest): void {
  const source = openSource(database, entry) as MemberSource;
  for (let isThere = source.seekFirst(); isThere; isThere = source.next()) {
    const member = source.showMember().copy();
    digest.xor(elementDigest(member, Buffer.from(formatDouble(source.score()), 'latin1')));
  }
}

function digestHash(database: Database, entry: number, digest: Digest): void {
  const hash = new OpenHash().open(database, entry);
  const field = new Slice();
  const value = new Slice();
  hash.rewind();
  while (hash.next(field, value)) digest.xor(elementDigest(field.copy(), value.copy()));
}

function digestStream(database: Database, entry: number, digest: Digest): void {
  const record = new StreamRecord().open(database, entry);
  const walker = new StreamWalker();
  const field = new Slice();
  const value = new Slice();
  walker.start(database, record.nodes, new StreamId(), new StreamId().setMax());
  while (walker.next()) {
    digest.mixText(walker.id.toString().replace('-', '.'));
    for (let left = walker.fieldCount; left > 0; left--) {
      walker.readPair(field, value);
      digest.mix(field.bytes, field.offset, field.length);
      digest.mix(value.bytes, value.offset, value.length);
    }
  }
}

/** The digest of one pair or member, to be put into its value's by `xor`. */
export function elementDigest(...parts: readonly Uint8Array[]): Uint8Array {
  const digest = new Digest();
  for (const part of parts) digest.mix(part);
  return digest.bytes;
}
