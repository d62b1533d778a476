/** One message of each kind that members send, with every field filled. */
import {
  encodeFilter,
  encodeIntent,
  encodeKeyRequest,
  encodeQuery,
  encodeQueryResponse,
  encodeRelay,
  encodeSerfState,
  encodeUserEvent,
  SERF,
} from '../cluster/membership/wire/serf-messages.ts';
import {
  encodeAck,
  encodeAlive,
  encodeDoubt,
  encodeIndirectPing,
  encodeNack,
  encodePing,
  encodePushPull,
  STATE,
  SWIM,
} from '../cluster/membership/wire/swim-messages.ts';

const PAYLOAD = Uint8Array.from({ length: 40 }, (_, i) => i);
const VERSIONS = Uint8Array.of(1, 5, 2, 2, 5, 5);

export function sampleSerfMessages(node: string, address: string): Uint8Array[] {
  const response = { time: 9, id: 77, from: node, flags: 0, payload: PAYLOAD };
  const query = {
    time: 12,
    id: 4_000_000_000,
    address,
    port: 7946,
    sourceNode: 'asker',
    filters: [
      encodeFilter({ kind: 'nodes', names: [node, 'other'] }),
      encodeFilter({ kind: 'tag', tag: 'hc', expression: '^[0-9]+$' }),
    ],
    flags: 1,
    relayFactor: 2,
    timeoutMs: 3_000,
    name: 'question',
    payload: PAYLOAD,
  };
  return [
    encodeIntent(SERF.leave, { time: 5, node: 'other', isPrune: true }),
    encodeIntent(SERF.join, { time: 6, node: 'other', isPrune: false }),
    encodeUserEvent({ time: 7, name: 'deploy', payload: PAYLOAD, isCoalesced: true }),
    encodeQuery(query),
    encodeQuery({ ...query, id: 5, name: '_serf_install-key', payload: encodeKeyRequest(PAYLOAD) }),
    encodeQuery({ ...query, id: 6, name: '_serf_conflict' }),
    encodeQueryResponse(response),
    encodeRelay({ address, port: 7946, node }, encodeQueryResponse(response)),
  ];
}

export function sampleState(node: string, address: string): Uint8Array {
  const userState = encodeSerfState({
    time: 20,
    statusTimes: new Map([
      [node, 3],
      ['other', 4],
    ]),
    leftMembers: ['gone'],
    eventTime: 8,
    events: [{ time: 7, name: 'deploy', payload: PAYLOAD, isCoalesced: false }],
    queryTime: 13,
  });
  const record = {
    node: 'other',
    address,
    port: 7946,
    meta: PAYLOAD,
    versions: VERSIONS,
    incarnation: 3,
    state: STATE.alive,
  };
  const nodes = [record, { ...record, node: 'gone', state: STATE.left }];
  return encodePushPull({ isJoin: true, nodes, userState });
}

/** Those that come by UDP. */
export function samplePackets(node: string, address: string): Uint8Array[] {
  const source = { sourceAddress: address, sourcePort: 7946, sourceNode: 'asker' };
  const alive = { node: 'other', address, port: 7946, meta: PAYLOAD, versions: VERSIONS };
  const user = sampleSerfMessages(node, address).map((message) => {
    return Uint8Array.of(SWIM.user, ...message);
  });
  return [
    encodePing({ sequence: 1, node, ...source }),
    encodeIndirectPing({
      sequence: 2,
      node: 'other',
      ...source,
      address,
      port: 1,
      wantsNack: true,
    }),
    encodeAck({ sequence: 3, payload: PAYLOAD }),
    encodeNack(4),
    encodeAlive({ ...alive, incarnation: 2 }),
    encodeDoubt(SWIM.suspect, { incarnation: 2, node: 'other', from: 'asker' }),
    encodeDoubt(SWIM.dead, { incarnation: 3, node: 'other', from: 'other' }),
    encodeDoubt(SWIM.suspect, { incarnation: 2 ** 32 - 1, node, from: 'asker' }),
    ...user,
  ];
}
