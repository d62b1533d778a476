/**
 * What Serf sends within messages of type `user`, and as the user's part of `pushPull`: a byte of
 * type, then a map by the names of its fields.
 * @source https://github.com/hashicorp/serf (messages.go, v0.9 and v0.10)
 */
import { parseAddress } from './ip-address.ts';
import { MsgpackWriter } from './msgpack-writer.ts';

export const SERF = {
  leave: 0,
  join: 1,
  pushPull: 2,
  userEvent: 3,
  query: 4,
  queryResponse: 5,
  conflictResponse: 6,
  keyRequest: 7,
  keyResponse: 8,
  relay: 9,
} as const;

export const QUERY_FLAG = { ack: 1, noBroadcast: 2 } as const;
/** Of a response: it says only that the query came. */
export const RESPONSE_FLAG = { ack: 1 } as const;
const FILTER = { nodes: 0, tag: 1 } as const;

/** Of `leave` and `join`. */
export interface Intent {
  readonly time: number;
  readonly node: string;
  /** Of `leave`: it is to be forgotten at once. */
  readonly isPrune: boolean;
}

export interface UserEvent {
  readonly time: number;
  readonly name: string;
  readonly payload: Uint8Array;
  /** Receivers may take several of one name for one. */
  readonly isCoalesced: boolean;
}

export interface Query {
  readonly time: number;
  readonly id: number;
  readonly address: string;
  readonly port: number;
  readonly sourceNode: string;
  readonly filters: readonly Uint8Array[];
  readonly flags: number;
  readonly relayFactor: number;
  readonly timeoutMs: number;
  readonly name: string;
  readonly payload: Uint8Array;
}

export interface QueryResponse {
  readonly time: number;
  readonly id: number;
  readonly from: string;
  readonly flags: number;
  readonly payload: Uint8Array;
}

export interface SerfState {
  readonly time: number;
  readonly statusTimes: ReadonlyMap<string, number>;
  readonly leftMembers: readonly string[];
  readonly eventTime: number;
  readonly events: readonly UserEvent[];
  readonly queryTime: number;
}

/** `filter` of one node that a query is meant for, or not. */
export type QueryFilter =
  | { readonly kind: 'nodes'; readonly names: readonly string[] }
  | { readonly kind: 'tag'; readonly tag: string; readonly expression: string };

export interface KeyResponse {
  readonly isOk: boolean;
  readonly text: string;
  readonly keys: readonly string[];
  readonly primary: string;
}

export interface RelayHeader {
  readonly address: string;
  readonly port: number;
  readonly node: string;
}

const NS_PER_MS = 1e6;
const writer = new MsgpackWriter();

export function encodeIntent(
  type: typeof SERF.leave | typeof SERF.join,
  intent: Intent,
): Uint8Array {
  const isLeave = type === SERF.leave;
  writer.byte(type).mapHeader(isLeave ? 3 : 2);
  writer.text('LTime').uint(intent.time).text('Node').text(intent.node);
  if (isLeave) writer.text('Prune').bool(intent.isPrune);
  return writer.take();
}

export function encodeUserEvent(event: UserEvent): Uint8Array {
  writer.byte(SERF.userEvent).mapHeader(4).text('LTime').uint(event.time);
  writer.text('Name').text(event.name).text('Payload').raw(event.payload);
  return writer.text('CC').bool(event.isCoalesced).take();
}

export function encodeQuery(query: Query): Uint8Array {
  writer.byte(SERF.query).mapHeader(11).text('LTime').uint(query.time).text('ID').uint(query.id);
  writer
    .text('Addr')
    .raw(parseAddress(query.address) ?? EMPTY)
    .text('Port')
    .uint(query.port);
  writer.text('SourceNode').text(query.sourceNode);
  writer.text('Filters').arrayHeader(query.filters.length);
  for (const filter of query.filters) writer.raw(filter);
  writer.text('Flags').uint(query.flags).text('RelayFactor').uint(query.relayFactor);
  writer.text('Timeout').uint(Math.round(query.timeoutMs) * NS_PER_MS);
  return writer.text('Name').text(query.name).text('Payload').raw(query.payload).take();
}

export function encodeQueryResponse(response: QueryResponse): Uint8Array {
  writer.byte(SERF.queryResponse).mapHeader(5);
  writer.text('LTime').uint(response.time).text('ID').uint(response.id);
  writer.text('From').text(response.from).text('Flags').uint(response.flags);
  return writer.text('Payload').raw(response.payload).take();
}

export function encodeRelay(header: RelayHeader, inner: Uint8Array): Uint8Array {
  writer.byte(SERF.relay).mapHeader(2).text('DestAddr').mapHeader(3);
  writer.text('IP').raw(parseAddress(header.address) ?? EMPTY);
  writer.text('Port').uint(header.port).text('Zone').text('');
  return writer.text('DestName').text(header.node).append(inner).take();
}

/** Events of one time lie together, as in Serf's ring. */
export function encodeSerfState(state: SerfState): Uint8Array {
  writer.byte(SERF.pushPull).mapHeader(6).text('LTime').uint(state.time);
  writer.text('StatusLTimes').mapHeader(state.statusTimes.size);
  for (const [node, time] of state.statusTimes) writer.text(node).uint(time);
  writer.text('LeftMembers').arrayHeader(state.leftMembers.length);
  for (const node of state.leftMembers) writer.text(node);
  writer.text('EventLTime').uint(state.eventTime);
  writer.text('Events').arrayHeader(state.events.length);
  for (const event of state.events) {
    writer.mapHeader(2).text('LTime').uint(event.time).text('Events').arrayHeader(1);
    writer.mapHeader(2).text('Name').text(event.name).text('Payload').raw(event.payload);
  }
  return writer.text('QueryLTime').uint(state.queryTime).take();
}

export function encodeFilter(filter: QueryFilter): Uint8Array {
  if (filter.kind === 'tag') {
    writer.byte(FILTER.tag).mapHeader(2).text('Tag').text(filter.tag);
    return writer.text('Expr').text(filter.expression).take();
  }
  writer.byte(FILTER.nodes).arrayHeader(filter.names.length);
  for (const name of filter.names) writer.text(name);
  return writer.take();
}

export function encodeKeyRequest(key: Uint8Array): Uint8Array {
  return writer.byte(SERF.keyRequest).mapHeader(1).text('Key').raw(key).take();
}

export function encodeKeyResponse(response: KeyResponse): Uint8Array {
  writer.byte(SERF.keyResponse).mapHeader(4).text('Result').bool(response.isOk);
  writer.text('Message').text(response.text).text('Keys').arrayHeader(response.keys.length);
  for (const key of response.keys) writer.text(key);
  return writer.text('PrimaryKey').text(response.primary).take();
}

/** Where this node believes a member to be: the answer to `_serf_conflict`. */
export function encodeConflictResponse(member: {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}): Uint8Array {
  writer.byte(SERF.conflictResponse).mapHeader(3).text('Name').text(member.name);
  writer.text('Addr').raw(parseAddress(member.address) ?? EMPTY);
  return writer.text('Port').uint(member.port).take();
}

const EMPTY: Uint8Array = new Uint8Array(0);
