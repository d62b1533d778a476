/**
 * Many keys in one request. What is no batch is refused whole, before anything is done; of a batch
 * each item has a result of its own, in the order of the request. Items run in one go, so nobody
 * else's command comes between them.
 */
import { LIMITS } from '../../base/limits.ts';
import type { ReplyError } from '../../protocol/reply-values.ts';
import { NAME } from '../http-sessions.ts';
import { type RouteAnswer, type RouteRequest, type RouteRow, refusal } from '../route-row.ts';
import {
  DELETE_RESULTS_SCHEMA,
  ITEMS_SCHEMA,
  KEYS_SCHEMA,
  READ_RESULTS_SCHEMA,
  WRITE_RESULTS_SCHEMA,
} from './cache-schemas.ts';
import {
  cutArray,
  cutObject,
  decodeString,
  isString,
  type JsonFault,
  type JsonPlace,
  shown,
} from './json-cutter.ts';
import { tooLongText, unmetText } from './outcome-texts.ts';
import { FIRST_PAGE, openKey, readKey } from './read-key.ts';
import { ITEM_NAMES, jsonBytes, parseMembers, type Write, writeKey } from './write-key.ts';

export function createBatchRoutes(place: string, suffix: string): RouteRow[] {
  const common = { method: 'POST', tag: 'cache' } as const;
  const refused = { 400: { description: 'The body is no batch; nothing was done' } };
  return [
    {
      ...common,
      path: `${place}/batch/get`,
      operationId: `getBatch${suffix}`,
      summary: 'Answers what many keys hold',
      access: { by: 'door', command: 'get' },
      body: { schema: KEYS_SCHEMA, isRaw: true },
      responses: { 200: { description: 'One each', schema: READ_RESULTS_SCHEMA }, ...refused },
      handle: getBatch,
    },
    {
      ...common,
      path: `${place}/batch/set`,
      operationId: `setBatch${suffix}`,
      summary: 'Stores many values',
      access: { by: 'door', command: 'set' },
      body: { schema: ITEMS_SCHEMA, isRaw: true },
      responses: { 200: { description: 'One each', schema: WRITE_RESULTS_SCHEMA }, ...refused },
      handle: setBatch,
    },
    {
      ...common,
      path: `${place}/batch/delete`,
      operationId: `deleteBatch${suffix}`,
      summary: 'Removes many keys',
      access: { by: 'door', command: 'del' },
      body: { schema: KEYS_SCHEMA, isRaw: true },
      responses: { 200: { description: 'One each', schema: DELETE_RESULTS_SCHEMA }, ...refused },
      handle: deleteBatch,
    },
  ];
}

function getBatch(request: RouteRequest): RouteAnswer {
  const cut = cutBatch(request.body, 'keys');
  if ('fault' in cut) return refusal(400, `The body ${cut.fault}`);
  const results: string[] = [];
  let isWhole = true;
  let bytesLeft = LIMITS.httpJsonValueBytesMax;
  let elementsLeft = LIMITS.httpElementCountMax;
  const keys = cut.elements.map((place) => cut.text(place));
  const opened = keys.map((key) => openKey(request, Buffer.from(key)));
  // What is read on follows from all of them.
  if (opened.some(({ kind }) => kind === 'pending')) return answer(false, results, '');
  for (const [i, key] of keys.entries()) {
    const found = readKey(request, opened[i], {
      wantsBytes: false,
      page: { ...FIRST_PAGE, count: Math.max(1, elementsLeft) },
      jsonBytesMax: bytesLeft,
    });
    const name = `{"key":${JSON.stringify(key)}`;
    if (found.kind === 'json') {
      bytesLeft = Math.max(0, bytesLeft - found.members.length);
      if (found.elementCount > 0) elementsLeft -= found.elementCount;
      results.push(`${name},"found":true,${found.members}}`);
    } else if (found.kind === 'refused' || found.kind === 'tooLong') {
      isWhole = false;
      const error = found.kind === 'refused' ? found.error : tooLongText(found.length);
      results.push(`${name},"error":${JSON.stringify(error)}}`);
    } else results.push(`${name},"found":false}`);
  }
  return answer(isWhole, results, `,"local":${request.outcome.isLocal}`);
}

function setBatch(request: RouteRequest): RouteAnswer {
  const cut = cutBatch(request.body, 'items');
  if ('fault' in cut) return refusal(400, `The body ${cut.fault}`);
  const writes: [key: string, write: Write][] = [];
  for (const place of cut.elements) {
    const item = parseItem(cut.bytes, place);
    if ('fault' in item) return refusal(400, `items[${writes.length}] ${item.fault}`);
    writes.push([item.key, item.write]);
  }
  const results: string[] = [];
  let isWhole = true;
  for (const [key, write] of writes) {
    const outcome = writeKey(request, Buffer.from(key), write);
    const isStored = outcome === 'stored';
    const name = `{"key":${JSON.stringify(key)},"success":${isStored}`;
    const unmet = outcome === 'unmet' ? unmetText(write.options.condition) : '';
    const error = isStored ? '' : unmet || errorOf(request);
    results.push(isStored ? `${name}}` : `${name},"error":${JSON.stringify(error)}}`);
    isWhole &&= isStored;
  }
  const { isLocal, isReplicated } = request.outcome;
  return answer(isWhole, results, `,"replicated":${isReplicated},"local":${isLocal}`);
}

function deleteBatch(request: RouteRequest): RouteAnswer {
  const cut = cutBatch(request.body, 'keys');
  if ('fault' in cut) return refusal(400, `The body ${cut.fault}`);
  const { caller } = request;
  const results: string[] = [];
  let isWhole = true;
  for (const place of cut.elements) {
    const key = cut.text(place);
    caller.builder.begin(NAME.DEL);
    caller.builder.text(key);
    caller.perform();
    const name = `{"key":${JSON.stringify(key)}`;
    if (caller.isError) {
      isWhole = false;
      results.push(`${name},"error":${JSON.stringify(errorOf(request))}}`);
    } else {
      results.push(`${name},"existed":${caller.integer() > 0}}`);
    }
  }
  return answer(isWhole, results, `,"replicated":${request.outcome.isReplicated}`);
}

interface Batch {
  readonly bytes: Buffer;
  readonly elements: readonly JsonPlace[];
  text(place: JsonPlace): string;
}

/** @param name  of the one member that the body has: an array */
function cutBatch(body: unknown, name: 'keys' | 'items'): Batch | JsonFault {
  const bytes = jsonBytes(body);
  if ('fault' in bytes) return bytes;
  const cut = cutObject(bytes);
  if ('fault' in cut) return cut;
  for (const other of cut.members.keys()) {
    if (other !== name) return { fault: `has no member ${shown(other)}` };
  }
  const place = cut.members.get(name);
  if (place === undefined) return { fault: `needs a member "${name}"` };
  const array = cutArray(bytes, place, LIMITS.httpBatchItemCountMax);
  if ('fault' in array) return { fault: `is no batch: "${name}" ${array.fault}` };
  const { elements } = array;
  if (name === 'keys') {
    const wrong = elements.findIndex((element) => !isString(bytes, element));
    if (wrong >= 0) return { fault: `is no batch: keys[${wrong}] must be a string` };
  }
  return { bytes, elements, text: (element) => decodeString(bytes, element) };
}

function parseItem(bytes: Buffer, place: JsonPlace): { key: string; write: Write } | JsonFault {
  const cut = cutObject(bytes, place.start, place.end);
  if ('fault' in cut) return cut;
  const keyPlace = cut.members.get('key');
  if (keyPlace === undefined) return { fault: 'needs a member "key"' };
  if (!isString(bytes, keyPlace)) return { fault: 'must have a string for its "key"' };
  const write = parseMembers(bytes, cut.members, ITEM_NAMES);
  return 'fault' in write ? write : { key: decodeString(bytes, keyPlace), write };
}

function errorOf({ caller }: RouteRequest): string {
  return (caller.value(false) as ReplyError).message;
}

function answer(isWhole: boolean, results: readonly string[], more: string): RouteAnswer {
  const head = `{"success":${isWhole},"count":${results.length}`;
  return { status: 200, json: `${head},"results":[${results.join()}]${more}` };
}
