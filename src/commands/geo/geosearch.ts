import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { EVENT } from '../../engine/event-table.ts';
import { addMissed, findMember } from '../../engine/values/zset/zset-members.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import { coordinateText, distanceText } from './distance.ts';
import { createGeoSet, NOT_A_GEO_SET, requireGeoSet, ZsetSource } from './geo-set.ts';
import { exactDistanceTo, type FoundMember, searchMembers } from './search.ts';
import { isRefusal, parseSearch, type SearchForm, type SearchOptions } from './search-options.ts';

export const geosearchCommand: CommandRow = {
  name: 'geosearch',
  arity: -7,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'geo',
  since: '6.2.0',
  complexity:
    'O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around ' +
    'the shape provided as the filter and M is the number of items inside the shape',
  summary: 'Answers the members of a sorted set whose positions lie in a circle or a box',
  syntax:
    'key <FROMMEMBER member | FROMLONLAT longitude latitude> ' +
    '<BYRADIUS radius <M | KM | FT | MI> | BYBOX width height <M | KM | FT | MI>> ' +
    '[ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]',
  execute: (session, frame, reply) => executeSearch(session, frame, reply, 'search', 1, false),
};

export const geosearchstoreCommand: CommandRow = {
  name: 'geosearchstore',
  arity: -8,
  flags: ['write', 'denyoom'],
  keys: [keysAt(1, 0, 1, 'OW UPDATE'), keysAt(2, 0, 1, 'RO ACCESS')],
  group: 'geo',
  since: '6.2.0',
  complexity:
    'O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around ' +
    'the shape provided as the filter and M is the number of items inside the shape',
  summary: 'Stores the members of a sorted set whose positions lie in a circle or a box',
  syntax:
    'destination source <FROMMEMBER member | FROMLONLAT longitude latitude> ' +
    '<BYRADIUS radius <M | KM | FT | MI> | BYBOX width height <M | KM | FT | MI>> ' +
    '[ASC | DESC] [COUNT count [ANY]] [STOREDIST]',
  execute: (session, frame, reply) => executeSearch(session, frame, reply, 'searchStore', 2, true),
};

/** Every form of search; `keyArg` is the sorted set's. */
export function executeSearch(
  session: Session,
  frame: Frame,
  reply: ReplyWriter,
  form: SearchForm,
  keyArg: number,
  canStore: boolean,
): void {
  const { database } = session;
  const entry = requireGeoSet(database, frame, keyArg, reply);
  if (entry === NOT_A_GEO_SET) return;
  const source = entry === 0 ? null : new ZsetSource(database, entry);
  const options = parseSearch(frame, form, source, canStore);
  if (isRefusal(options)) {
    if (typeof options === 'string') reply.errorLatin1(options);
    else reply.error(options);
    return;
  }
  const found = source === null ? [] : searchMembers(source, options);
  if (options.storeArg === 0) return replyFound(reply, found, options);
  const event = form === 'searchStore' ? EVENT.geosearchstore : EVENT.georadiusstore;
  storeFound(session, frame, found, options, event);
  reply.integer(found.length);
}

function replyFound(
  reply: ReplyWriter,
  found: readonly FoundMember[],
  options: SearchOptions,
): void {
  const { withDistance, withHash, withPosition, shape } = options;
  const moreCount = Number(withDistance) + Number(withHash) + Number(withPosition);
  reply.array(found.length);
  for (const place of found) {
    const { member, score, longitude, latitude } = place;
    if (moreCount > 0) reply.array(moreCount + 1);
    reply.bulk(member, 0, member.length);
    if (withDistance) {
      reply.bulkLatin1(distanceText(exactDistanceTo(place, shape) / shape.unitM));
    }
    if (withHash) replyHash(reply, score);
    if (withPosition) {
      reply.array(2);
      reply.doubleText(coordinateText(longitude));
      reply.doubleText(coordinateText(latitude));
    }
  }
}

/** As C converts a double to int64 on x86-64: out of range, the least of all. */
function replyHash(reply: ReplyWriter, score: number): void {
  const whole = Math.trunc(score);
  if (Number.isSafeInteger(whole)) return reply.integer(whole === 0 ? 0 : whole);
  reply.integer64(Math.abs(whole) < 2 ** 63 ? BigInt(whole) : -(2n ** 63n));
}

/** Replaces whatever the target held. The command means the same wherever it is applied. */
function storeFound(
  session: Session,
  frame: Frame,
  found: readonly FoundMember[],
  options: SearchOptions,
  event: number,
): void {
  const { database } = session;
  const { storeArg, shape } = options;
  const old = database.find(frame, storeArg);
  if (found.length === 0) {
    if (old !== 0) database.remove(old, EVENT.del);
    return;
  }
  if (old !== 0) {
    database.dropFound(old);
    database.find(frame, storeArg);
  }
  const { encoding } = session.node.configuration;
  let entry = createGeoSet(database, frame, storeArg, found[0].member.length, encoding);
  for (const place of found) {
    const { storesDistances } = options;
    const stored = storesDistances ? exactDistanceTo(place, shape) / shape.unitM : place.score;
    entry = addMember(database, entry, place.member, stored, encoding);
  }
  database.recordCommand(frame, event, storeArg);
}

function addMember(
  database: Database,
  entry: number,
  member: Uint8Array,
  score: number,
  thresholds: Parameters<typeof addMissed>[3],
): number {
  const view = new DataView(member.buffer, member.byteOffset, member.length);
  // A cell that was searched twice gives its members twice; one is stored.
  const current = findMember(database, entry, member, view, 0, member.length);
  return Number.isNaN(current) ? addMissed(database, entry, score, thresholds) : entry;
}
