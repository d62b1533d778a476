/** Named stores over HTTP: the commands STORE LIST, INFO, CREATE and DROP. */
import type { ReplyValue } from '../../protocol/reply-values.ts';
import {
  type JsonSchema,
  type RouteAnswer,
  type RouteRequest,
  type RouteRow,
  refusal,
  replyRefusal,
} from '../route-row.ts';
import { objectOf, runCommand } from '../run-command.ts';

const CONFIG_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    eviction_policy: { type: 'string', description: 'What is removed for new data.' },
    max_memory: { type: 'integer', description: 'Bytes; 0: only the limit of the node.' },
    default_ttl: { type: 'string', description: 'Of writes that name none; 0: for ever.' },
    cuckoo_filter: { type: 'boolean' },
    persistence: { type: ['string', 'null'], description: 'Null: as the node.' },
    ownership: { type: ['string', 'null'] },
    consistency: { type: ['string', 'null'] },
    immutable: { type: 'boolean', description: 'Of all but the default store, always.' },
  },
};

const STATS_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    items: { type: 'integer' },
    expires: { type: 'integer', description: 'Items with a deadline.' },
    memory: { type: 'integer', description: 'Bytes counted against the limit.' },
    memory_limit: { type: 'integer', description: 'Its own limit; 0: none.' },
    hits: { type: 'integer' },
    misses: { type: 'integer' },
    hit_rate: { type: 'number' },
    evictions: { type: 'integer' },
    expired: { type: 'integer' },
    writes: { type: 'integer' },
  },
};

const STORE_SCHEMA: JsonSchema = {
  type: 'object',
  properties: { name: { type: 'string' }, config: CONFIG_SCHEMA, stats: STATS_SCHEMA },
};

const NEW_STORE_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    name: { type: 'string', description: 'Letters, digits, - and _, with a letter; unique.' },
    eviction_policy: { type: 'string', example: 'lru' },
    max_memory: { type: ['string', 'integer'], description: 'Bytes, or a size such as 64mb.' },
    default_ttl: { type: ['string', 'number'], description: 'Seconds, or such as 30s.' },
    cuckoo_filter: { type: ['boolean', 'string'] },
    persistence: { type: ['string', 'boolean'], description: 'aof, snapshot, hybrid or none.' },
    ownership: { type: 'string', enum: ['store', 'slot'] },
    consistency: { type: 'string', enum: ['eventual', 'quorum'] },
  },
  required: ['name'],
};

export const STORE_ROUTES: readonly RouteRow[] = [
  {
    method: 'GET',
    path: '/api/stores',
    operationId: 'listStores',
    summary: 'Lists the stores with their configuration and statistics',
    tag: 'stores',
    access: { by: 'door', command: 'store list' },
    responses: {
      200: {
        description: 'The stores that the user may use',
        schema: {
          type: 'object',
          properties: {
            stores: { type: 'array', items: STORE_SCHEMA },
            total_count: { type: 'integer' },
          },
        },
      },
    },
    handle({ caller }) {
      const found = runCommand(caller, ['STORE', 'LIST']);
      if (caller.isError) return replyRefusal(caller);
      const stores = (found as ReplyValue[]).map(storeFacts);
      return { status: 200, facts: { stores, total_count: stores.length } };
    },
  },
  {
    method: 'POST',
    path: '/api/stores',
    operationId: 'createStore',
    summary: 'Makes a store, whose configuration never changes',
    tag: 'stores',
    access: { by: 'door', command: 'store create' },
    body: { schema: NEW_STORE_SCHEMA, isRaw: true },
    responses: {
      201: {
        description: 'The store is there',
        schema: {
          type: 'object',
          properties: {
            success: { type: 'boolean' },
            store: { type: 'string' },
            config: CONFIG_SCHEMA,
          },
        },
      },
      400: { description: 'A field is wrong; `field` names it' },
      409: { description: 'There is a store of that name' },
      429: { description: 'There are as many as cache.max_stores allows' },
    },
    handle: createStore,
  },
  {
    method: 'GET',
    path: '/api/stores/:store',
    operationId: 'getStore',
    summary: 'Tells the configuration and the statistics of a store',
    tag: 'stores',
    access: { by: 'door', command: 'store info' },
    responses: { 200: { description: 'The store', schema: STORE_SCHEMA } },
    handle: getStore,
  },
  {
    method: 'DELETE',
    path: '/api/stores/:store',
    operationId: 'dropStore',
    summary: 'Drops a store with all its keys',
    tag: 'stores',
    access: { by: 'door', command: 'store drop' },
    responses: {
      200: { description: 'The store is gone' },
      403: { description: 'The store `default` cannot be dropped' },
    },
    handle: dropStore,
  },
  statisticsRow('/api/stores/:store/stats', 'getStoreStatistics'),
  statisticsRow('/api/cache/stats', 'getCacheStatistics'),
];

function statisticsRow(path: string, operationId: string): RouteRow {
  return {
    method: 'GET',
    path,
    operationId,
    summary: 'Tells the statistics of a store',
    tag: 'stores',
    access: { by: 'door', command: 'store info' },
    responses: {
      200: {
        description: 'Counts since the start',
        schema: {
          type: 'object',
          properties: { store: { type: 'string' }, stats: STATS_SCHEMA },
        },
      },
    },
    handle({ caller, store }) {
      const found = runCommand(caller, ['STORE', 'INFO', store.name]);
      if (caller.isError) return replyRefusal(caller, { store: store.name });
      const { stats } = storeFacts(found);
      return { status: 200, facts: { success: true, store: store.name, stats } };
    },
  };
}

function getStore({ caller, store }: RouteRequest): RouteAnswer {
  const found = runCommand(caller, ['STORE', 'INFO', store.name]);
  if (caller.isError) return replyRefusal(caller, { store: store.name });
  return { status: 200, facts: { success: true, ...storeFacts(found) } };
}

function dropStore({ caller, services, store }: RouteRequest): RouteAnswer {
  const { name } = store;
  runCommand(caller, ['STORE', 'DROP', name]);
  if (!caller.isError) {
    return { status: 200, facts: { success: true, store: name, message: 'Store dropped' } };
  }
  const answer = replyRefusal(caller, { store: name });
  const isForbidden = store === services.stores.default && answer.status === 400;
  return isForbidden ? { ...answer, status: 403 } : answer;
}

function createStore({ body, caller, services }: RouteRequest): RouteAnswer {
  const fields = fieldsOf(body);
  if (fields === null) return refusal(400, 'The body must be a JSON object');
  const { name, ...options } = fields;
  if (typeof name !== 'string') return badField('name', 'name: must be a string');
  const words: string[] = ['STORE', 'CREATE', name];
  for (const [option, value] of Object.entries(options)) {
    if (value === null) continue;
    const text = optionText(option, value);
    if (text === null) return badField(option, `${option}: must be one value`);
    words.push(option, text);
  }
  runCommand(caller, words);
  if (caller.isError) return refusedStore(replyRefusal(caller, { store: name }));
  const store = services.stores.find(name);
  if (store === null) return refusal(404, 'The store was dropped meanwhile', { store: name });
  const config = configFacts(name, new Map(services.settings.describeStore(store.configuration)));
  return {
    status: 201,
    facts: { success: true, store: store.name, message: 'Store created', config },
  };
}

function fieldsOf(body: unknown): Record<string, unknown> | null {
  let value = body;
  if (body instanceof Uint8Array) {
    try {
      value = JSON.parse(Buffer.from(body).toString('utf8'));
    } catch {
      // What the parser says repeats the text: nothing a client must be told.
      return null;
    }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return value as Record<string, unknown>;
}

/** The original had a profile in each store: of it the strategy has a meaning here. */
function optionText(option: string, value: unknown): string | null {
  if (option === 'persistence' && typeof value === 'object' && value !== null) {
    const { enabled, strategy } = value as Record<string, unknown>;
    if (enabled === false) return 'none';
    return typeof strategy === 'string' ? strategy : 'true';
  }
  if (typeof value === 'object') return null;
  return String(value);
}

/** A refusal begins with the option that it is about: `ERR max_memory: must be ...`. */
function refusedStore(answer: RouteAnswer): RouteAnswer {
  const error = String(answer.facts?.['error'] ?? '');
  const match = /^ERR (?:([a-z_.-]+): |unknown setting of a store '([^']*)')/i.exec(error);
  const field = match?.[1] ?? match?.[2];
  if (answer.status !== 400 || field === undefined) return answer;
  return badField(field, error.slice('ERR '.length), answer.facts);
}

function badField(field: string, error: string, facts: RouteAnswer['facts'] = {}): RouteAnswer {
  return { status: 400, facts: { ...facts, success: false, error, field } };
}

interface StoreFacts {
  readonly name: ReplyValue;
  readonly config: Record<string, unknown>;
  readonly stats: Record<string, unknown>;
}

/** Of the map that STORE INFO tells. */
function storeFacts(reply: ReplyValue): StoreFacts {
  const { name, config, stats } = objectOf(reply);
  const { keys, ...others } = objectOf(stats);
  return {
    name,
    config: configFacts(name, config),
    stats: { items: keys, ...others },
  };
}

/** What CONFIG SET changes is the default store's. */
function configFacts(name: ReplyValue, options: ReplyValue): Record<string, unknown> {
  return { ...objectOf(options), immutable: name !== 'default' };
}
