/**
 * One message over TCP, outermost first:
 *
 *     label                                          when the cluster has one
 *     10, length u32, version, nonce, ciphertext, tag    when it has a key
 *     9, map with the packed rest                    when the sender packs
 *     type, body
 *
 * There is no mark of the end: a body ends where its fields say so.
 */
import { LIMITS } from '../../../base/limits.ts';
import { MsgpackReader, readFields } from './msgpack-reader.ts';
import {
  type Envelope,
  isLabelWhole,
  matchLabel,
  readPacked,
  unpackMessage,
  withLabel,
} from './packet.ts';
import { SEAL_BYTES, type Sealing } from './sealing.ts';
import { parsePushPullHeader, SWIM } from './swim-messages.ts';

const SEALED_HEADER_BYTES = 5;
/** Of one node in `pushPull`, its meta of 512 bytes included. */
const NODE_BYTES_MAX = 4096;

export function encodeStreamMessage(envelope: Envelope, message: Uint8Array): Uint8Array {
  const { sealing, label } = envelope;
  let bytes = message;
  if (sealing !== null) {
    const header = sealedHeader(SEAL_BYTES + message.length);
    const sealed = sealing.seal(message, joined(header, label));
    bytes = joined(header, sealed);
  }
  return label.length === 0 ? bytes : withLabel(label, bytes);
}

/** Gathers the bytes of one message. Afterwards it takes no more. */
export class StreamAssembler {
  private readonly envelope: Envelope;
  private bytes = new Uint8Array(1024);
  private length = 0;
  /** Of what is not sealed: values of this message up to here were found whole. */
  private measuredAt = -1;
  private nodesLeft = 0;
  private userStateBytes = 0;

  constructor(envelope: Envelope) {
    this.envelope = envelope;
  }

  /** @returns the message once it is whole, 'more' before, 'refused' when it never will be */
  push(bytes: Uint8Array, start: number, end: number): Uint8Array | 'more' | 'refused' {
    if (this.length + end - start > LIMITS.gossipStreamBytesMax) return 'refused';
    this.keep(bytes.subarray(start, end));
    const gathered = this.bytes.subarray(0, this.length);
    if (!isLabelWhole(gathered)) return 'more';
    const { sealing, label } = this.envelope;
    const labelBytes = matchLabel(gathered, label);
    if (labelBytes === -1) return 'refused';
    const rest = gathered.subarray(labelBytes);
    if (rest.length === 0) return 'more';
    if (sealing !== null) return this.openSealed(sealing, rest);
    return this.takePlain(rest);
  }

  private openSealed(sealing: Sealing, bytes: Uint8Array): Uint8Array | 'more' | 'refused' {
    const { label } = this.envelope;
    if (bytes[0] !== SWIM.encrypt) return 'refused';
    if (bytes.length < SEALED_HEADER_BYTES) return 'more';
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const length = view.getUint32(1);
    if (length > LIMITS.gossipStreamBytesMax) return 'refused';
    const end = SEALED_HEADER_BYTES + length;
    if (bytes.length < end) return 'more';
    const associated = joined(bytes.subarray(0, SEALED_HEADER_BYTES), label);
    const sealed = bytes.subarray(SEALED_HEADER_BYTES, end);
    const plain = sealing.open(sealed, associated);
    if (plain === null || plain.length === 0) return 'refused';
    if (plain[0] !== SWIM.compress) return plain;
    return unpackMessage(plain, LIMITS.gossipStreamBytesMax) ?? 'refused';
  }

  private takePlain(bytes: Uint8Array): Uint8Array | 'more' | 'refused' {
    switch (bytes[0]) {
      case SWIM.compress: {
        const reader = new MsgpackReader(bytes, 1);
        if (readPacked(reader) === null) return reader.isShort ? 'more' : 'refused';
        return unpackMessage(bytes, LIMITS.gossipStreamBytesMax) ?? 'refused';
      }
      case SWIM.pushPull:
        return this.takePushPull(bytes);
      case SWIM.user:
        return takeUser(bytes);
      case SWIM.ping:
      case SWIM.ack:
      case SWIM.error: {
        const reader = new MsgpackReader(bytes, 1);
        reader.skip();
        if (reader.isSound) return bytes.slice(0, reader.at);
        return reader.isShort ? 'more' : 'refused';
      }
      default:
        return 'refused';
    }
  }

  /** Goes on where it ended at the last read: a stranger's bytes are looked at once. */
  private takePushPull(bytes: Uint8Array): Uint8Array | 'more' | 'refused' {
    if (this.measuredAt === -1) {
      const reader = new MsgpackReader(bytes, 1);
      const header = parsePushPullHeader(reader);
      if (header === null) return isHopeful(reader, bytes.length) ? 'more' : 'refused';
      if (header.nodeCount > LIMITS.gossipMemberCountMax) return 'refused';
      if (header.userStateBytes > LIMITS.gossipStreamBytesMax) return 'refused';
      this.measuredAt = reader.at;
      this.nodesLeft = header.nodeCount;
      this.userStateBytes = header.userStateBytes;
    }
    while (this.nodesLeft > 0) {
      const reader = new MsgpackReader(bytes, this.measuredAt);
      reader.skip();
      if (!reader.isSound) {
        return isHopeful(reader, bytes.length - this.measuredAt) ? 'more' : 'refused';
      }
      this.measuredAt = reader.at;
      this.nodesLeft--;
    }
    const end = this.measuredAt + this.userStateBytes;
    return bytes.length < end ? 'more' : bytes.slice(0, end);
  }

  private keep(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + bytes.length));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }
}

/** The rest may come, and it is not longer already than it ever is. */
function isHopeful(reader: MsgpackReader, byteCount: number): boolean {
  return reader.isShort && byteCount < NODE_BYTES_MAX;
}

/** A message of Serf's, sent reliably: only its body is given, behind the type. */
function takeUser(bytes: Uint8Array): Uint8Array | 'more' | 'refused' {
  const reader = new MsgpackReader(bytes, 1);
  let byteCount = 0;
  readFields(reader, (name) => {
    if (name !== 'UserMsgLen') return false;
    byteCount = reader.uint();
    return true;
  });
  if (!reader.isSound) return reader.isShort ? 'more' : 'refused';
  if (byteCount > LIMITS.gossipStreamBytesMax) return 'refused';
  if (bytes.length < reader.at + byteCount) return 'more';
  return joined(bytes.subarray(0, 1), bytes.subarray(reader.at, reader.at + byteCount));
}

function sealedHeader(byteCount: number): Uint8Array {
  const header = new Uint8Array(SEALED_HEADER_BYTES);
  header[0] = SWIM.encrypt;
  new DataView(header.buffer).setUint32(1, byteCount);
  return header;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
