/**
 * The first message each way over a link. Who dials says hello; who accepts answers with a welcome,
 * which refuses it or not. That the other one knows the cluster key, TLS has made sure of before.
 */
import { LIMITS } from '../../base/limits.ts';
import { broken } from './link-reader.ts';
import type { MessageReader } from './message-reader.ts';
import type { MessageWriter } from './message-writer.ts';

/** What this program speaks. An upgrade node by node needs the version before as well. */
export const LINK_VERSIONS = { min: 1, max: 1 } as const;

const HELLO_MARK = 0x4b4c_4348;
const NODE_ID_LENGTH_MAX = 1024;

export interface Hello {
  readonly versionMin: number;
  readonly versionMax: number;
  readonly id: string;
  /** Unix ms of its start. */
  readonly incarnation: number;
  /** Unix ms by the sender's clock. */
  readonly wallMs: number;
  /** The same on all nodes of a cluster, and on no others. */
  readonly clusterDigest: string;
  /** Whom the sender means to have dialled. */
  readonly wantedId: string;
  /** Setting `cache.databases`: what changes a database must be done everywhere. */
  readonly databaseCount: number;
}

export interface Welcome {
  readonly refusal: Refusal;
  /** Both speak it; 0 when refused. */
  readonly version: number;
  readonly id: string;
  readonly incarnation: number;
  readonly wallMs: number;
}

/** Row is the number on the wire: new ones go to the end. */
export const REFUSALS = [
  { name: 'none', text: 'it is welcome' },
  { name: 'version', text: 'it speaks no version of the links that this node speaks' },
  { name: 'cluster', text: 'it belongs to another cluster' },
  { name: 'clock', text: 'its clock differs too much' },
  { name: 'other', text: 'another node answers at that address' },
  { name: 'same-id', text: 'it has the id of this node' },
  { name: 'replaced', text: 'a node of that id was started later' },
  { name: 'databases', text: 'its setting cache.databases is another one' },
] as const;

export type Refusal = (typeof REFUSALS)[number]['name'];

export function encodeHello(writer: MessageWriter, hello: Hello): void {
  writer.u32(HELLO_MARK).u8(hello.versionMin).u8(hello.versionMax);
  writer.text(hello.id).u53(hello.incarnation).u53(hello.wallMs);
  writer.text(hello.clusterDigest).text(hello.wantedId).u32(hello.databaseCount).end();
}

/** @throws NodeError MESSAGE_BROKEN */
export function decodeHello(message: MessageReader): Hello {
  if (message.u32() !== HELLO_MARK) throw broken('it is no hello');
  return {
    versionMin: message.u8(),
    versionMax: message.u8(),
    id: decodeId(message),
    incarnation: message.u53(),
    wallMs: message.u53(),
    clusterDigest: message.text(),
    wantedId: message.text(),
    databaseCount: message.u32(),
  };
}

export function encodeWelcome(writer: MessageWriter, welcome: Welcome): void {
  writer.u8(REFUSALS.findIndex(({ name }) => name === welcome.refusal)).u8(welcome.version);
  writer.text(welcome.id).u53(welcome.incarnation).u53(welcome.wallMs).end();
}

/** @throws NodeError MESSAGE_BROKEN */
export function decodeWelcome(message: MessageReader): Welcome {
  const row = message.u8();
  if (row >= REFUSALS.length) throw broken('it refuses for a reason that is not known');
  return {
    refusal: REFUSALS[row].name,
    version: message.u8(),
    id: decodeId(message),
    incarnation: message.u53(),
    wallMs: message.u53(),
  };
}

/** The greatest version that both speak; 0: there is none. */
export function agreeVersion(hello: Hello): number {
  const version = Math.min(LINK_VERSIONS.max, hello.versionMax);
  return version >= Math.max(LINK_VERSIONS.min, hello.versionMin) ? version : 0;
}

/**
 * How far another clock is ahead at least, in ms; below 0: behind. What the way there and back took
 * may have been spent on either.
 */
export function clockOffset(theirMs: number, sentMs: number, receivedMs: number): number {
  if (theirMs > receivedMs) return theirMs - receivedMs;
  return Math.min(0, theirMs - sentMs);
}

export function clocksDiffer(offsetMs: number): boolean {
  return Math.abs(offsetMs) > LIMITS.clockSkewMsMax;
}

export function refusalText(refusal: Refusal): string {
  return REFUSALS.find(({ name }) => name === refusal)?.text ?? refusal;
}

function decodeId(message: MessageReader): string {
  const id = message.text();
  if (id === '' || id.length > NODE_ID_LENGTH_MAX) throw broken('it has no sound id');
  return id;
}
