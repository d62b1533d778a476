import { NodeError } from '../../../base/errors.ts';
import { LIMITS } from '../../../base/limits.ts';
import { MsgpackReader } from '../wire/msgpack-reader.ts';
import { MsgpackWriter } from '../wire/msgpack-writer.ts';

/** Before the map; without it the meta is a role and nothing else, as very old agents send. */
const TAGS = 0xff;
const TAG_COUNT_MAX = 256;

/** Throws NodeError UNSUPPORTED when they are longer than a member may send. */
export function encodeTags(tags: ReadonlyMap<string, string>): Uint8Array {
  const writer = new MsgpackWriter();
  writer.byte(TAGS).mapHeader(tags.size);
  for (const [name, value] of tags) writer.text(name).text(value);
  const meta = writer.take();
  const byteCount = meta.length;
  if (byteCount <= LIMITS.gossipTagBytesMax) return meta;
  throw new NodeError('UNSUPPORTED', `Tags of ${byteCount} bytes are too long`, { byteCount });
}

export function parseTags(meta: Uint8Array): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  if (meta.length === 0) return tags;
  if (meta[0] !== TAGS) return tags.set('role', decoder.decode(meta));
  const reader = new MsgpackReader(meta, 1);
  const count = Math.min(TAG_COUNT_MAX, reader.mapHeader());
  for (let i = 0; i < count; i++) {
    const name = reader.text();
    const value = reader.text();
    if (!reader.isSound) break;
    tags.set(name, value);
  }
  return tags;
}

const decoder = new TextDecoder();
