/** What the cache routes take and answer, for the API description. */
import { LIMITS } from '../../base/limits.ts';
import type { JsonSchema, RouteResponse } from '../route-row.ts';

const TEXT = { type: 'string' };
const FLAG = { type: 'boolean' };
const INTEGER = { type: 'integer' };
const ANY = { description: 'Any JSON' };

/** Beside what every answer has: node and correlation_id. */
const TTL = {
  ttl: { oneOf: [TEXT, { type: 'number' }], description: 'Such as "30s", or seconds; 0: none' },
  ttl_hours: { type: 'number' },
  ttl_ms: { type: 'number' },
};
const CONDITIONS = {
  nx: { type: 'boolean', description: 'Only when there is no such key' },
  xx: { type: 'boolean', description: 'Only when there is one' },
};
const KEY_MEMBERS = {
  key: TEXT,
  key_encoding: { const: 'base64', description: 'Of a key that is no UTF-8' },
};
const VALUE_MEMBERS = {
  value: ANY,
  ttl_ms: INTEGER,
  type: { enum: ['list', 'hash', 'set', 'zset', 'stream'], description: 'Of collections' },
  encoding: { const: 'base64', description: 'Strings of the value are no UTF-8' },
  cursor: { type: 'string', description: 'There is more: ask with this cursor' },
};

export const PAGE_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    cursor: { type: 'string', description: 'Of the answer before, for a collection' },
    limit: {
      type: 'integer',
      minimum: 1,
      maximum: LIMITS.httpElementCountMax,
      description: 'Elements of a collection; about as many of a hash or set',
    },
  },
};

export const WRITE_SCHEMA: JsonSchema = {
  type: 'object',
  required: ['value'],
  properties: { value: ANY, ...TTL, ...CONDITIONS },
  additionalProperties: false,
};

export const VALUE_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    success: FLAG,
    data: { type: 'object', properties: { ...KEY_MEMBERS, ...VALUE_MEMBERS } },
    local: FLAG,
  },
};

export const STORED_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    success: FLAG,
    message: TEXT,
    data: { type: 'object', properties: { ...KEY_MEMBERS, value: ANY, length: INTEGER } },
    replicated: FLAG,
    local: FLAG,
  },
};

export const DELETED_SCHEMA: JsonSchema = {
  type: 'object',
  properties: { success: FLAG, existed: FLAG, ...KEY_MEMBERS, replicated: FLAG, message: TEXT },
};

export const MISSING_KEY: RouteResponse = {
  description: 'There is no such key',
  schema: {
    type: 'object',
    properties: { success: { const: false }, error: { const: 'Key not found' }, ...KEY_MEMBERS },
  },
};

const KEYS = { type: 'array', items: TEXT, maxItems: LIMITS.httpBatchItemCountMax };

export const KEYS_SCHEMA: JsonSchema = {
  type: 'object',
  required: ['keys'],
  properties: { keys: KEYS },
  additionalProperties: false,
};

export const ITEMS_SCHEMA: JsonSchema = {
  type: 'object',
  required: ['items'],
  properties: {
    items: {
      type: 'array',
      maxItems: LIMITS.httpBatchItemCountMax,
      items: {
        type: 'object',
        required: ['key', 'value'],
        properties: { key: TEXT, value: ANY, ...TTL, ...CONDITIONS },
        additionalProperties: false,
      },
    },
  },
  additionalProperties: false,
};

function resultsSchema(properties: JsonSchema): JsonSchema {
  const item = { type: 'object', properties: { key: TEXT, ...properties, error: TEXT } };
  return {
    type: 'object',
    properties: { success: FLAG, count: INTEGER, results: { type: 'array', items: item } },
  };
}

export const READ_RESULTS_SCHEMA = resultsSchema({ found: FLAG, ...VALUE_MEMBERS });
export const WRITE_RESULTS_SCHEMA = resultsSchema({ success: FLAG });
export const DELETE_RESULTS_SCHEMA = resultsSchema({ existed: FLAG });
