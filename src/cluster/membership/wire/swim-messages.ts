/**
 * The messages of HashiCorp's memberlist: a byte of type, then a map by the names of its fields.
 * @source https://github.com/hashicorp/memberlist (net.go, v0.1 to v0.5)
 */
import { formatAddress, parseAddress } from './ip-address.ts';
import { MsgpackReader, readFields } from './msgpack-reader.ts';
import { MsgpackWriter } from './msgpack-writer.ts';

export const SWIM = {
  ping: 0,
  indirectPing: 1,
  ack: 2,
  suspect: 3,
  alive: 4,
  dead: 5,
  pushPull: 6,
  compound: 7,
  user: 8,
  compress: 9,
  encrypt: 10,
  nack: 11,
  hasCrc: 12,
  error: 13,
  hasLabel: 244,
} as const;

/** Of a node, as `pushPull` tells it. */
export const STATE = { alive: 0, suspect: 1, dead: 2, left: 3 } as const;
export type NodeState = (typeof STATE)[keyof typeof STATE];

export interface Ping {
  readonly sequence: number;
  /** Who is meant: another one at that address does not answer. */
  readonly node: string;
  /** Where the answer goes to; '': back to where it came from. */
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly sourceNode: string;
}

export interface IndirectPing extends Ping {
  /** Of who is to be asked. */
  readonly address: string;
  readonly port: number;
  /** The asker wants to hear as well that nothing came. */
  readonly wantsNack: boolean;
}

export interface Ack {
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** Of `suspect` and `dead`. A `dead` of the node itself is its leaving. */
export interface Doubt {
  readonly incarnation: number;
  readonly node: string;
  readonly from: string;
}

export interface Alive {
  readonly incarnation: number;
  readonly node: string;
  readonly address: string;
  readonly port: number;
  readonly meta: Uint8Array;
  /** Protocol least, most, spoken; then the same of what rides on it. Empty of very old ones. */
  readonly versions: Uint8Array;
}

export interface NodeRecord extends Alive {
  readonly state: NodeState;
}

export interface PushPull {
  readonly isJoin: boolean;
  readonly nodes: readonly NodeRecord[];
  readonly userState: Uint8Array;
}

const writer = new MsgpackWriter();

export function encodePing(ping: Ping): Uint8Array {
  writer.byte(SWIM.ping).mapHeader(5);
  writer.text('SeqNo').uint(ping.sequence).text('Node').text(ping.node);
  encodeSource(ping);
  return writer.take();
}

export function encodeIndirectPing(ping: IndirectPing): Uint8Array {
  writer.byte(SWIM.indirectPing).mapHeader(8);
  writer.text('SeqNo').uint(ping.sequence).text('Target').raw(addressBytes(ping.address));
  writer.text('Port').uint(ping.port).text('Node').text(ping.node);
  writer.text('Nack').bool(ping.wantsNack);
  encodeSource(ping);
  return writer.take();
}

export function encodeAck(ack: Ack): Uint8Array {
  writer.byte(SWIM.ack).mapHeader(2);
  writer.text('SeqNo').uint(ack.sequence).text('Payload').raw(ack.payload);
  return writer.take();
}

export function encodeNack(sequence: number): Uint8Array {
  return writer.byte(SWIM.nack).mapHeader(1).text('SeqNo').uint(sequence).take();
}

export function encodeDoubt(
  type: typeof SWIM.suspect | typeof SWIM.dead,
  doubt: Doubt,
): Uint8Array {
  writer.byte(type).mapHeader(3);
  writer.text('Incarnation').uint(doubt.incarnation).text('Node').text(doubt.node);
  return writer.text('From').text(doubt.from).take();
}

export function encodeAlive(alive: Alive): Uint8Array {
  writer.byte(SWIM.alive).mapHeader(6);
  writer.text('Incarnation').uint(alive.incarnation).text('Node').text(alive.node);
  writer.text('Addr').raw(addressBytes(alive.address)).text('Port').uint(alive.port);
  return writer.text('Meta').raw(alive.meta).text('Vsn').raw(alive.versions).take();
}

export function encodePushPull(state: PushPull): Uint8Array {
  writer.byte(SWIM.pushPull).mapHeader(3);
  writer.text('Nodes').uint(state.nodes.length);
  writer.text('UserStateLen').uint(state.userState.length).text('Join').bool(state.isJoin);
  for (const node of state.nodes) {
    writer.mapHeader(7).text('Name').text(node.node);
    writer.text('Addr').raw(addressBytes(node.address)).text('Port').uint(node.port);
    writer.text('Meta').raw(node.meta).text('Incarnation').uint(node.incarnation);
    writer.text('State').uint(node.state).text('Vsn').raw(node.versions);
  }
  return writer.append(state.userState).take();
}

export function encodeError(text: string): Uint8Array {
  return writer.byte(SWIM.error).mapHeader(1).text('Error').text(text).take();
}

/** All parsers take a message with its type, and give null for what is none of theirs. */
export function parsePing(message: Uint8Array): Ping | null {
  return parseIndirectPing(message);
}

export function parseIndirectPing(message: Uint8Array): IndirectPing | null {
  const ping = {
    sequence: 0,
    node: '',
    sourceAddress: '',
    sourcePort: 0,
    sourceNode: '',
    address: '',
    port: 0,
    wantsNack: false,
  };
  return parse(message, ping, {
    SeqNo: (reader) => (ping.sequence = reader.uint()),
    Node: (reader) => (ping.node = reader.text()),
    SourceAddr: (reader) => (ping.sourceAddress = formatAddress(reader.raw())),
    SourcePort: (reader) => (ping.sourcePort = parsePort(reader)),
    SourceNode: (reader) => (ping.sourceNode = reader.text()),
    Target: (reader) => (ping.address = formatAddress(reader.raw())),
    Port: (reader) => (ping.port = parsePort(reader)),
    Nack: (reader) => (ping.wantsNack = reader.bool()),
  });
}

/** Of `ack` and `nack`. */
export function parseAck(message: Uint8Array): Ack | null {
  const ack = { sequence: 0, payload: EMPTY };
  return parse(message, ack, {
    SeqNo: (reader) => (ack.sequence = reader.uint()),
    Payload: (reader) => (ack.payload = reader.raw()),
  });
}

export function parseDoubt(message: Uint8Array): Doubt | null {
  const doubt = { incarnation: 0, node: '', from: '' };
  return parse(message, doubt, {
    Incarnation: (reader) => (doubt.incarnation = parseIncarnation(reader)),
    Node: (reader) => (doubt.node = reader.text()),
    From: (reader) => (doubt.from = reader.text()),
  });
}

export function parseAlive(message: Uint8Array): Alive | null {
  return parseRecord(new MsgpackReader(message, 1));
}

export function parsePushPull(message: Uint8Array): PushPull | null {
  const reader = new MsgpackReader(message, 1);
  const header = parsePushPullHeader(reader);
  if (header === null) return null;
  const nodes: NodeRecord[] = [];
  for (let i = 0; i < header.nodeCount; i++) {
    const node = parseRecord(reader);
    if (node === null) return null;
    nodes.push(node);
  }
  const userState = reader.rest();
  return userState.length < header.userStateBytes
    ? null
    : { isJoin: header.isJoin, nodes, userState };
}

export interface PushPullHeader {
  nodeCount: number;
  userStateBytes: number;
  isJoin: boolean;
}

export function parsePushPullHeader(reader: MsgpackReader): PushPullHeader | null {
  const header = { nodeCount: 0, userStateBytes: 0, isJoin: false };
  readFields(reader, (name) => {
    if (name === 'Nodes') header.nodeCount = reader.uint();
    else if (name === 'UserStateLen') header.userStateBytes = reader.uint();
    else if (name === 'Join') header.isJoin = reader.bool();
    else return false;
    return true;
  });
  return reader.isSound ? header : null;
}

/** `alive` and the nodes of `pushPull` differ in the name of the name. */
function parseRecord(reader: MsgpackReader): NodeRecord | null {
  const record = {
    incarnation: 0,
    node: '',
    address: '',
    port: 0,
    meta: EMPTY,
    versions: EMPTY,
    state: STATE.alive as NodeState,
  };
  readFields(reader, (name) => {
    if (name === 'Incarnation') record.incarnation = parseIncarnation(reader);
    else if (name === 'Node' || name === 'Name') record.node = reader.text();
    else if (name === 'Addr') record.address = formatAddress(reader.raw());
    else if (name === 'Port') record.port = parsePort(reader);
    else if (name === 'Meta') record.meta = reader.raw();
    else if (name === 'Vsn') record.versions = reader.raw();
    else if (name === 'State') record.state = parseState(reader);
    else return false;
    return true;
  });
  const isSane = record.node !== '' && record.meta.length <= META_BYTES_MAX;
  return reader.isSound && isSane ? record : null;
}

/** What memberlist sends at most, and refuses to send more of. */
export const META_BYTES_MAX = 512;

type FieldReaders = Readonly<Record<string, (reader: MsgpackReader) => unknown>>;

function parse<Message>(bytes: Uint8Array, message: Message, fields: FieldReaders): Message | null {
  const reader = new MsgpackReader(bytes, 1);
  readFields(reader, (name) => {
    if (!Object.hasOwn(fields, name)) return false;
    fields[name](reader);
    return true;
  });
  return reader.isSound ? message : null;
}

function parsePort(reader: MsgpackReader): number {
  const port = reader.uint();
  return port <= 65_535 ? port : 0;
}

function parseIncarnation(reader: MsgpackReader): number {
  return reader.uint() >>> 0;
}

function parseState(reader: MsgpackReader): NodeState {
  const state = reader.uint();
  return state <= STATE.left ? (state as NodeState) : STATE.suspect;
}

function encodeSource(ping: Ping): void {
  writer.text('SourceAddr').raw(addressBytes(ping.sourceAddress));
  writer.text('SourcePort').uint(ping.sourcePort).text('SourceNode').text(ping.sourceNode);
}

function addressBytes(address: string): Uint8Array {
  return parseAddress(address) ?? EMPTY;
}

const EMPTY: Uint8Array = new Uint8Array(0);
