/** The filters of stores over HTTP: FILTER STATS and FILTER CHECK. */
import { keyOfParameter } from '../route-address.ts';
import { type RouteAnswer, type RouteRequest, type RouteRow, replyRefusal } from '../route-row.ts';
import { objectOf, runCommand } from '../run-command.ts';

const INTEGER = { type: 'integer' };
const NUMBER = { type: 'number' };

const STATS_SCHEMA = {
  type: 'object',
  properties: {
    store: { type: 'string' },
    size: INTEGER,
    capacity: INTEGER,
    load_factor: NUMBER,
    memory_usage: INTEGER,
    false_positive_rate: NUMBER,
    add_operations: INTEGER,
    lookup_operations: INTEGER,
    delete_operations: INTEGER,
    successful_adds: INTEGER,
    failed_adds: INTEGER,
  },
};

const CHECK_SCHEMA = {
  type: 'object',
  properties: {
    key: { type: 'string' },
    filter_says: { type: 'boolean' },
    actually_exists: { type: 'boolean' },
    false_positive: { type: 'boolean' },
  },
};

export const FILTER_ROUTES: readonly RouteRow[] = [
  statsRow('/api/filter/stats', 'getFilterStatistics'),
  checkRow('/api/filter/check/:key', 'checkFilter'),
  statsRow('/api/stores/:store/filter/stats', 'getStoreFilterStatistics'),
  checkRow('/api/stores/:store/filter/check/:key', 'checkStoreFilter'),
];

function statsRow(path: string, operationId: string): RouteRow {
  return {
    method: 'GET',
    path,
    operationId,
    summary: "Tells the statistics of a store's filter",
    tag: 'filter',
    access: { by: 'door', command: 'filter stats' },
    responses: {
      200: { description: 'Counts since the start', schema: STATS_SCHEMA },
      404: { description: 'There is no such store, or it keeps no filter' },
    },
    handle({ caller, store }) {
      const found = runCommand(caller, ['FILTER', 'STATS']);
      if (caller.isError) return refused(caller, { store: store.name });
      return { status: 200, facts: { success: true, store: store.name, ...objectOf(found) } };
    },
  };
}

function checkRow(path: string, operationId: string): RouteRow {
  return {
    method: 'GET',
    path,
    operationId,
    summary: 'Tells what the filter says of a key and whether it exists; counts no hit nor miss',
    tag: 'filter',
    access: { by: 'door', command: 'filter check' },
    responses: {
      200: { description: 'What is said, and what is true', schema: CHECK_SCHEMA },
      404: { description: 'There is no such store, or it keeps no filter' },
    },
    handle({ caller, params, store }) {
      const bytes = keyOfParameter(params['key']);
      const found = runCommand(caller, ['FILTER', 'CHECK', bytes]);
      const facts = { store: store.name, key: bytes.toString('utf8') };
      if (caller.isError) return refused(caller, facts);
      return { status: 200, facts: { ...facts, ...objectOf(found) } };
    },
  };
}

/** A store without a filter has nothing at this address. */
function refused(caller: RouteRequest['caller'], facts: Record<string, unknown>): RouteAnswer {
  const answer = replyRefusal(caller, facts);
  const isMissing = /^(ERR|NOFILTER) .*filter/i.test(String(answer.facts?.['error']));
  return isMissing && answer.status === 400 ? { ...answer, status: 404 } : answer;
}
