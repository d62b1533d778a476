import type { Frame } from '../../base/frame.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import { coordinateText, distanceBetween, distanceText, unitArgument } from './distance.ts';
import { NOT_A_GEO_SET, requireGeoSet, scoreOfArgument } from './geo-set.ts';
import { decodeScore, geohashText, type Position } from './geohash.ts';

export const geoposCommand: CommandRow = {
  name: 'geopos',
  arity: -2,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'geo',
  since: '3.2.0',
  complexity: 'O(N) where N is the number of members requested.',
  summary: 'Answers the longitude and latitude of members of a sorted set',
  syntax: 'key member [member ...]',
  execute: (session, frame, reply) => executeForMembers(session, frame, reply, replyPosition),
};

export const geohashCommand: CommandRow = {
  name: 'geohash',
  arity: -2,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'geo',
  since: '3.2.0',
  complexity:
    'O(log(N)) for each member requested, where N is the number of elements in the sorted set.',
  summary: 'Answers the positions of members of a sorted set as geohash texts',
  syntax: 'key member [member ...]',
  execute: (session, frame, reply) => executeForMembers(session, frame, reply, replyText),
};

export const geodistCommand: CommandRow = {
  name: 'geodist',
  arity: -4,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'geo',
  since: '3.2.0',
  complexity: 'O(log(N))',
  summary: 'Answers the distance between two members of a sorted set',
  syntax: 'key member1 member2 [M | KM | FT | MI]',
  execute: executeGeodist,
};

/** Positions are read into these; nothing outlives the command. */
const FIRST: Position = { longitude: 0, latitude: 0 };
const SECOND: Position = { longitude: 0, latitude: 0 };

type ReplyMember = (reply: ReplyWriter, position: Position | null) => void;

function executeForMembers(
  session: Session,
  frame: Frame,
  reply: ReplyWriter,
  replyMember: ReplyMember,
): void {
  const { database } = session;
  const entry = requireGeoSet(database, frame, 1, reply);
  if (entry === NOT_A_GEO_SET) return;
  reply.array(frame.count - 2);
  for (let arg = 2; arg < frame.count; arg++) {
    const score = entry === 0 ? Number.NaN : scoreOfArgument(database, entry, frame, arg);
    replyMember(reply, Number.isNaN(score) ? null : decodeScore(score, FIRST));
  }
}

function replyPosition(reply: ReplyWriter, position: Position | null): void {
  if (position === null) return reply.nullArray();
  reply.array(2);
  reply.doubleText(coordinateText(position.longitude));
  reply.doubleText(coordinateText(position.latitude));
}

function replyText(reply: ReplyWriter, position: Position | null): void {
  if (position === null) reply.null();
  else reply.bulkLatin1(geohashText(position));
}

function executeGeodist(session: Session, frame: Frame, reply: ReplyWriter): void {
  let unitM = 1;
  if (frame.count > 5) return reply.error(ERRORS.syntax);
  if (frame.count === 5) {
    unitM = unitArgument(frame, 4);
    if (Number.isNaN(unitM)) return reply.error(ERRORS.geoUnit);
  }
  const { database } = session;
  const entry = requireGeoSet(database, frame, 1, reply);
  if (entry === NOT_A_GEO_SET) return;
  if (entry === 0) return reply.null();
  const score1 = scoreOfArgument(database, entry, frame, 2);
  const score2 = scoreOfArgument(database, entry, frame, 3);
  if (Number.isNaN(score1) || Number.isNaN(score2)) return reply.null();
  const distance = distanceBetween(decodeScore(score1, FIRST), decodeScore(score2, SECOND));
  reply.bulkLatin1(distanceText(distance / unitM));
}
