/** A sorted set of positions, as the geo commands see it. */
import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { ENCODING, TYPE } from '../../engine/keyspace/entry.ts';
import { createListpack } from '../../engine/values/packed/packed-value.ts';
import { ZSET_KIND } from '../../engine/values/zset/zset-form.ts';
import { findMember, type ZsetThresholds } from '../../engine/values/zset/zset-members.ts';
import { RankSpan, ScoreRange, spanOfScores } from '../../engine/values/zset/zset-ranges.ts';
import { ZsetWalker } from '../../engine/values/zset/zset-walker.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { GeoSource, VisitMember } from './search-options.ts';

/** What `requireGeoSet` answers after it replied with an error. */
export const NOT_A_GEO_SET = -1;

/** The sorted set under that argument, 0 for none. */
export function requireGeoSet(
  database: Database,
  frame: Frame,
  arg: number,
  reply: ReplyWriter,
): number {
  const entry = database.read(frame, arg);
  if (entry === 0 || database.typeOf(entry) === TYPE.ZSET) return entry;
  reply.error(ERRORS.wrongType);
  return NOT_A_GEO_SET;
}

/** Score of the member in an argument, NaN for none. */
export function scoreOfArgument(
  database: Database,
  entry: number,
  frame: Frame,
  arg: number,
): number {
  const { bytes, view } = frame;
  return findMember(database, entry, bytes, view, frame.offsets[arg], frame.lengths[arg]);
}

/** An empty sorted set under the key that the last `find` missed, whose first member is so long. */
export function createGeoSet(
  database: Database,
  frame: Frame,
  keyArg: number,
  memberLength: number,
  thresholds: ZsetThresholds,
): number {
  const isListpack =
    thresholds.zsetMaxListpackEntries > 0 && memberLength <= thresholds.zsetMaxListpackValueBytes;
  const kind = isListpack ? ZSET_KIND : TYPE.ZSET | (ENCODING.SKIPLIST << 4);
  return createListpack(database, frame, keyArg, kind);
}

/** A sorted set to search in. Valid until it is changed. */
export class ZsetSource implements GeoSource {
  private readonly walker = new ZsetWalker();
  private readonly range = new ScoreRange();
  private readonly span = new RankSpan();
  private readonly database: Database;
  private readonly entry: number;

  constructor(database: Database, entry: number) {
    this.database = database;
    this.entry = entry;
  }

  scoreOfArgument(frame: Frame, arg: number): number {
    return scoreOfArgument(this.database, this.entry, frame, arg);
  }

  visitRange(min: number, max: number, visit: VisitMember): void {
    const { walker, range, span } = this;
    walker.open(this.database, this.entry);
    range.min = min;
    range.max = max;
    range.isMaxExcluded = true;
    spanOfScores(walker, range, span);
    if (span.count === 0 || !walker.seekRank(span.start)) return;
    for (let left = span.count; left > 0; left--) {
      const { bytes, offset, length } = walker.showMember();
      if (!visit(walker.score(), bytes, offset, length)) return;
      walker.next();
    }
  }
}
