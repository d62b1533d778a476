/** The other direction of `serf-messages.ts`: bytes of strangers, null for what makes no sense. */
import { formatAddress } from './ip-address.ts';
import { MsgpackReader, readFields } from './msgpack-reader.ts';
import type {
  Intent,
  KeyResponse,
  Query,
  QueryFilter,
  QueryResponse,
  RelayHeader,
  SerfState,
  UserEvent,
} from './serf-messages.ts';

const NS_PER_MS = 1e6;
const EMPTY: Uint8Array = new Uint8Array(0);

type FieldReaders = Readonly<Record<string, () => unknown>>;

export function parseIntent(message: Uint8Array): Intent | null {
  const reader = new MsgpackReader(message, 1);
  const intent = { time: 0, node: '', isPrune: false };
  readNamed(reader, {
    LTime: () => (intent.time = reader.uint()),
    Node: () => (intent.node = reader.text()),
    Prune: () => (intent.isPrune = reader.bool()),
  });
  return reader.isSound && intent.node !== '' ? intent : null;
}

export function parseUserEvent(message: Uint8Array): UserEvent | null {
  const reader = new MsgpackReader(message, 1);
  const event = { time: 0, name: '', payload: EMPTY, isCoalesced: false };
  readNamed(reader, {
    LTime: () => (event.time = reader.uint()),
    Name: () => (event.name = reader.text()),
    Payload: () => (event.payload = reader.raw()),
    CC: () => (event.isCoalesced = reader.bool()),
  });
  return reader.isSound ? event : null;
}

export function parseQuery(message: Uint8Array): Query | null {
  const reader = new MsgpackReader(message, 1);
  const query = {
    time: 0,
    id: 0,
    address: '',
    port: 0,
    sourceNode: '',
    filters: [] as Uint8Array[],
    flags: 0,
    relayFactor: 0,
    timeoutMs: 0,
    name: '',
    payload: EMPTY,
  };
  readNamed(reader, {
    LTime: () => (query.time = reader.uint()),
    ID: () => (query.id = reader.uint()),
    Addr: () => (query.address = formatAddress(reader.raw())),
    Port: () => (query.port = reader.uint()),
    SourceNode: () => (query.sourceNode = reader.text()),
    Filters: () => (query.filters = readArray(reader, () => reader.raw())),
    Flags: () => (query.flags = reader.uint()),
    RelayFactor: () => (query.relayFactor = reader.uint()),
    Timeout: () => (query.timeoutMs = reader.uint() / NS_PER_MS),
    Name: () => (query.name = reader.text()),
    Payload: () => (query.payload = reader.raw()),
  });
  return reader.isSound ? query : null;
}

export function parseQueryResponse(message: Uint8Array): QueryResponse | null {
  const reader = new MsgpackReader(message, 1);
  const response = { time: 0, id: 0, from: '', flags: 0, payload: EMPTY };
  readNamed(reader, {
    LTime: () => (response.time = reader.uint()),
    ID: () => (response.id = reader.uint()),
    From: () => (response.from = reader.text()),
    Flags: () => (response.flags = reader.uint()),
    Payload: () => (response.payload = reader.raw()),
  });
  return reader.isSound ? response : null;
}

export function parseRelay(message: Uint8Array): { to: RelayHeader; inner: Uint8Array } | null {
  const reader = new MsgpackReader(message, 1);
  const to = { address: '', port: 0, node: '' };
  readNamed(reader, {
    DestAddr: () =>
      readNamed(reader, {
        IP: () => (to.address = formatAddress(reader.raw())),
        Port: () => (to.port = reader.uint()),
      }),
    DestName: () => (to.node = reader.text()),
  });
  const inner = reader.rest();
  return reader.isSound && inner.length > 0 ? { to, inner } : null;
}

export function parseSerfState(message: Uint8Array): SerfState | null {
  const reader = new MsgpackReader(message, 1);
  const statusTimes = new Map<string, number>();
  const events: UserEvent[] = [];
  const state = {
    time: 0,
    statusTimes,
    leftMembers: EMPTY_NAMES,
    eventTime: 0,
    events,
    queryTime: 0,
  };
  readNamed(reader, {
    LTime: () => (state.time = reader.uint()),
    StatusLTimes: () => {
      const count = reader.mapHeader();
      for (let i = 0; i < count && reader.isSound; i++) {
        statusTimes.set(reader.text(), reader.uint());
      }
    },
    LeftMembers: () => (state.leftMembers = readArray(reader, () => reader.text())),
    EventLTime: () => (state.eventTime = reader.uint()),
    Events: () => readArray(reader, () => readEventsOfTime(reader, events)),
    QueryLTime: () => (state.queryTime = reader.uint()),
  });
  return reader.isSound ? state : null;
}

/** One place of Serf's ring of events: nil, or a time and all events of it. */
function readEventsOfTime(reader: MsgpackReader, events: UserEvent[]): void {
  if (reader.isNil()) {
    reader.skip();
    return;
  }
  let time = 0;
  const found: { name: string; payload: Uint8Array }[] = [];
  readNamed(reader, {
    LTime: () => (time = reader.uint()),
    Events: () =>
      readArray(reader, () => {
        const event = { name: '', payload: EMPTY };
        readNamed(reader, {
          Name: () => (event.name = reader.text()),
          Payload: () => (event.payload = reader.raw()),
        });
        found.push(event);
      }),
  });
  for (const event of found) events.push({ ...event, time, isCoalesced: false });
}

export function parseFilter(bytes: Uint8Array): QueryFilter | null {
  const reader = new MsgpackReader(bytes, 1);
  if (bytes[0] === 0) {
    const names = readArray(reader, () => reader.text());
    return reader.isSound ? { kind: 'nodes', names } : null;
  }
  if (bytes[0] !== 1) return null;
  const filter = { kind: 'tag' as const, tag: '', expression: '' };
  readNamed(reader, {
    Tag: () => (filter.tag = reader.text()),
    Expr: () => (filter.expression = reader.text()),
  });
  return reader.isSound ? filter : null;
}

export function parseKeyRequest(message: Uint8Array): Uint8Array | null {
  const reader = new MsgpackReader(message, 1);
  let key = EMPTY;
  readNamed(reader, { Key: () => (key = reader.raw()) });
  return reader.isSound ? key : null;
}

export function parseKeyResponse(message: Uint8Array): KeyResponse | null {
  const reader = new MsgpackReader(message, 1);
  const response = { isOk: false, text: '', keys: EMPTY_NAMES, primary: '' };
  readNamed(reader, {
    Result: () => (response.isOk = reader.bool()),
    Message: () => (response.text = reader.text()),
    Keys: () => (response.keys = readArray(reader, () => reader.text())),
    PrimaryKey: () => (response.primary = reader.text()),
  });
  return reader.isSound ? response : null;
}

export function parseConflictResponse(
  message: Uint8Array,
): { name: string; address: string; port: number } | null {
  const reader = new MsgpackReader(message, 1);
  const found = { name: '', address: '', port: 0 };
  readNamed(reader, {
    Name: () => (found.name = reader.text()),
    Addr: () => (found.address = formatAddress(reader.raw())),
    Port: () => (found.port = reader.uint()),
  });
  return reader.isSound ? found : null;
}

function readNamed(reader: MsgpackReader, fields: FieldReaders): void {
  readFields(reader, (name) => {
    if (!Object.hasOwn(fields, name)) return false;
    fields[name]();
    return true;
  });
}

function readArray<Item>(reader: MsgpackReader, readItem: () => Item): Item[] {
  const items: Item[] = [];
  const count = reader.arrayHeader();
  for (let i = 0; i < count && reader.isSound; i++) items.push(readItem());
  return items;
}

const EMPTY_NAMES: readonly string[] = [];
