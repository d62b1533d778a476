/** Keys one by one: GET, PUT and DELETE of an address, in `default` or in the store it names. */
import { LIMITS } from '../../base/limits.ts';
import { NAME } from '../http-sessions.ts';
import { keyOfParameter } from '../route-address.ts';
import {
  type RequestOutcome,
  type RouteAnswer,
  type RouteRequest,
  type RouteRow,
  refusal,
  replyRefusal,
} from '../route-row.ts';
import { createBatchRoutes } from './batch-routes.ts';
import {
  DELETED_SCHEMA,
  MISSING_KEY,
  PAGE_SCHEMA,
  STORED_SCHEMA,
  VALUE_SCHEMA,
  WRITE_SCHEMA,
} from './cache-schemas.ts';
import type { Page } from './collections.ts';
import { tooLongText, unmetText } from './outcome-texts.ts';
import { openKey, readKey } from './read-key.ts';
import { keyFacts, keyMembers } from './value-text.ts';
import { parseWrite, type Write, writeKey } from './write-key.ts';

export const CACHE_ROUTES: readonly RouteRow[] = [
  ...createKeyRoutes('/api/cache', ''),
  ...createBatchRoutes('/api/cache', ''),
  ...createKeyRoutes('/api/stores/:store/cache', 'InStore'),
  ...createBatchRoutes('/api/stores/:store/cache', 'InStore'),
];

function createKeyRoutes(place: string, suffix: string): RouteRow[] {
  const path = `${place}/:key`;
  const tag = 'cache';
  return [
    {
      method: 'GET',
      path,
      operationId: `getKey${suffix}`,
      summary: 'Answers what a key holds, as JSON or, for strings, as bytes',
      tag,
      access: { by: 'door', command: 'get' },
      query: PAGE_SCHEMA,
      responses: {
        200: { description: 'The value', schema: VALUE_SCHEMA },
        404: MISSING_KEY,
        406: { description: 'Bytes were asked for, and the key holds a collection' },
        413: { description: 'The string is too long for JSON: ask for bytes' },
      },
      handle: getKey,
    },
    {
      method: 'PUT',
      path,
      operationId: `putKey${suffix}`,
      summary: 'Stores a value, whatever the key held',
      tag,
      access: { by: 'door', command: 'set' },
      body: { schema: WRITE_SCHEMA, isRaw: true, takesBytes: true },
      responses: {
        200: { description: 'Stored', schema: STORED_SCHEMA },
        409: { description: 'nx, and there is such a key; or xx, and there is none' },
        507: { description: 'There is no room' },
      },
      handle: putKey,
    },
    {
      method: 'DELETE',
      path,
      operationId: `deleteKey${suffix}`,
      summary: 'Removes a key',
      tag,
      access: { by: 'door', command: 'del' },
      responses: { 200: { description: 'It is gone', schema: DELETED_SCHEMA } },
      handle: deleteKey,
    },
  ];
}

function getKey(request: RouteRequest): RouteAnswer {
  const key = keyOfParameter(request.params['key']);
  const page = parsePage(request.query);
  if (typeof page === 'string') return refusal(400, page);
  const found = readKey(request, openKey(request, key), {
    wantsBytes: request.wantsBytes,
    page,
    jsonBytesMax: LIMITS.httpJsonValueBytesMax,
  });
  switch (found.kind) {
    case 'json': {
      const data = `{${keyMembers(key)},${found.members}}`;
      return {
        status: 200,
        json: `{"success":true,"data":${data},"local":${request.outcome.isLocal}`,
      };
    }
    case 'bytes': {
      const content = { type: 'application/octet-stream', bytes: found.bytes };
      const headers = found.ttlMs < 0 ? {} : { 'x-ttl-ms': String(found.ttlMs) };
      return { status: 200, content, headers };
    }
    case 'missing':
      return refusal(404, 'Key not found', keyFacts(key));
    case 'refused':
      return replyRefusal(request.caller, keyFacts(key));
    case 'tooLong':
      return refusal(413, tooLongText(found.length), keyFacts(key));
    case 'notBytes':
      return refusal(406, `The key holds a ${found.type}: only strings are bytes`, keyFacts(key));
  }
}

function putKey(request: RouteRequest): RouteAnswer {
  const key = keyOfParameter(request.params['key']);
  const write = parseWrite(request);
  if ('fault' in write) return refusal(400, `The body ${write.fault}`, keyFacts(key));
  const { network } = request.services.configuration;
  if (write.value.length > network.bulkBytesMax) {
    return refusal(413, 'The value is larger than network.bulk_max', keyFacts(key));
  }
  const outcome = writeKey(request, key, write);
  if (outcome === 'refused') return replyRefusal(request.caller, keyFacts(key));
  if (outcome === 'unmet') return refusal(409, unmetText(write.options.condition), keyFacts(key));
  return { status: 200, json: storedText(key, write, request.outcome) };
}

/** The value is told as it was sent: bytes that came as bytes are not repeated. */
function storedText(key: Buffer, { value, json }: Write, outcome: RequestOutcome): string {
  const told = json === null ? `"length":${value.length}` : `"value":${json.toString()}`;
  return (
    `{"success":true,"message":"Value stored","data":{${keyMembers(key)},${told}},` +
    `"replicated":${outcome.isReplicated},"local":${outcome.isLocal}`
  );
}

function deleteKey(request: RouteRequest): RouteAnswer {
  const key = keyOfParameter(request.params['key']);
  const { caller, outcome } = request;
  caller.builder.begin(NAME.DEL);
  caller.builder.binary(key);
  caller.perform();
  if (caller.isError) return replyRefusal(caller, keyFacts(key));
  const existed = caller.integer() > 0;
  const message = existed ? 'Key deleted' : 'There was no such key';
  const replicated = outcome.isReplicated;
  const facts = { success: true, existed, ...keyFacts(key), replicated, message };
  return { status: 200, facts };
}

/** @returns the page, or what is wrong with it */
function parsePage(query: Readonly<Record<string, unknown>>): Page | string {
  const { cursor = '', limit = String(LIMITS.httpElementCountMax) } = query;
  if (typeof cursor !== 'string' || !/^(\d{1,20}(-\d{1,20})?)?$/.test(cursor)) {
    return 'cursor must be one that an answer told';
  }
  const count = Number(limit);
  if (!Number.isInteger(count) || count < 1 || count > LIMITS.httpElementCountMax) {
    return `limit must be 1..${LIMITS.httpElementCountMax}`;
  }
  return { cursor, count };
}
