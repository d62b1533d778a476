import { type CommandRow, type KeySpec, keysAt } from '../command-row.ts';
import { executeSearch } from './geosearch.ts';

const COMPLEXITY =
  'O(N+log(M)) where N is the number of elements inside the bounding box of the circular area ' +
  'delimited by center and radius and M is the number of items inside the index.';
const BY_POSITION = 'key longitude latitude radius <M | KM | FT | MI>';
const BY_MEMBER = 'key member radius <M | KM | FT | MI>';
const OPTIONS = '[WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC]';
const STORE = '[STORE key] [STOREDIST key]';

/** @param startFrom  where options begin */
function storeKeys(startFrom: number): readonly KeySpec[] {
  const find = { lastKey: 0, step: 1, limit: 0 };
  return [
    keysAt(1, 0, 1, 'RO ACCESS'),
    { flags: 'OW UPDATE', begin: { keyword: 'STORE', startFrom }, find },
    { flags: 'OW UPDATE', begin: { keyword: 'STOREDIST', startFrom }, find },
  ];
}

export const georadiusCommand: CommandRow = {
  name: 'georadius',
  arity: -6,
  flags: ['write', 'denyoom', 'movablekeys'],
  keys: storeKeys(6),
  group: 'geo',
  since: '3.2.0',
  deprecated: {
    since: '6.2.0',
    replacedBy: '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument',
  },
  complexity: COMPLEXITY,
  summary: 'Answers or stores the members of a sorted set whose positions lie in a circle',
  syntax: `${BY_POSITION} ${OPTIONS} ${STORE}`,
  execute: (session, frame, reply) => executeSearch(session, frame, reply, 'radius', 1, true),
};

export const georadiusRoCommand: CommandRow = {
  name: 'georadius_ro',
  arity: -6,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'geo',
  since: '3.2.10',
  deprecated: { since: '6.2.0', replacedBy: '`GEOSEARCH` with the `BYRADIUS` argument' },
  complexity: COMPLEXITY,
  summary: 'Answers the members of a sorted set whose positions lie in a circle',
  syntax: `${BY_POSITION} ${OPTIONS}`,
  execute: (session, frame, reply) => executeSearch(session, frame, reply, 'radius', 1, false),
};

export const georadiusbymemberCommand: CommandRow = {
  name: 'georadiusbymember',
  arity: -5,
  flags: ['write', 'denyoom', 'movablekeys'],
  keys: storeKeys(5),
  group: 'geo',
  since: '3.2.0',
  deprecated: {
    since: '6.2.0',
    replacedBy: '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments',
  },
  complexity: COMPLEXITY,
  summary: 'Answers or stores the members of a sorted set that lie in a circle around one of them',
  syntax: `${BY_MEMBER} ${OPTIONS} ${STORE}`,
  execute: (session, frame, reply) =>
    executeSearch(session, frame, reply, 'radiusByMember', 1, true),
};

export const georadiusbymemberRoCommand: CommandRow = {
  name: 'georadiusbymember_ro',
  arity: -5,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'geo',
  since: '3.2.10',
  deprecated: {
    since: '6.2.0',
    replacedBy: '`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments',
  },
  complexity: COMPLEXITY,
  summary: 'Answers the members of a sorted set that lie in a circle around one of them',
  syntax: `${BY_MEMBER} ${OPTIONS}`,
  execute: (session, frame, reply) =>
    executeSearch(session, frame, reply, 'radiusByMember', 1, false),
};
