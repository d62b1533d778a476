/**
 * What sorted sets are combined of: a sorted set with its scores, or a set, whose members have 1.
 * Several are open at once, so each has cursors of its own.
 */
import type { Database } from '../../database.ts';
import { TYPE } from '../../keyspace/entry.ts';
import { Slice } from '../../slice.ts';
import { OpenSet } from '../set/open-set.ts';
import { SetMember } from '../set/set-member.ts';
import { openZset } from './zset-form.ts';
import { findMember } from './zset-members.ts';
import { ZsetTrees } from './zset-trees.ts';
import { ZsetWalker } from './zset-walker.ts';

export interface MemberSource {
  readonly count: number;
  /** Goes to the first member. */
  seekFirst(): boolean;
  next(): boolean;
  /** The member here; true until anything in the database changes. */
  showMember(): Slice;
  score(): number;
  /** The score of a member, NaN when it is not in there. The source stays where it is. */
  scoreOf(member: Slice): number;
}

/** How values of each type are read as a source. */
const OPEN_SOURCE: Partial<Record<number, (database: Database, entry: number) => MemberSource>> = {
  [TYPE.ZSET]: (database, entry) => new ZsetSource(database, entry),
  [TYPE.SET]: (database, entry) => new SetSource(database, entry),
};

/** @returns null when the value is neither a sorted set nor a set */
export function openSource(database: Database, entry: number): MemberSource | null {
  return OPEN_SOURCE[database.typeOf(entry)]?.(database, entry) ?? null;
}

class ZsetSource implements MemberSource {
  private readonly walker = new ZsetWalker();
  private readonly database: Database;
  private readonly entry: number;

  constructor(database: Database, entry: number) {
    this.database = database;
    this.entry = entry;
    const trees = openZset(database, entry);
    if (trees === null) {
      this.walker.open(database, entry);
    } else {
      const own = new ZsetTrees(database.trees);
      this.walker.openTrees(own.open(database, trees.orderedId, trees.hashedId));
    }
  }

  get count(): number {
    return this.walker.count;
  }

  seekFirst(): boolean {
    return this.walker.seekFirst();
  }

  next(): boolean {
    return this.walker.next();
  }

  showMember(): Slice {
    return this.walker.showMember();
  }

  score(): number {
    return this.walker.score();
  }

  scoreOf({ bytes, view, offset, length }: Slice): number {
    return findMember(this.database, this.entry, bytes, view, offset, length);
  }
}

class SetSource implements MemberSource {
  private readonly walked = new OpenSet();
  /** A set's look-ups and its walk disturb one another. */
  private readonly asked = new OpenSet();
  private readonly shown = new Slice();
  private readonly sought = new SetMember();

  constructor(database: Database, entry: number) {
    this.walked.open(database, entry);
    this.asked.open(database, entry);
  }

  get count(): number {
    return this.walked.count;
  }

  seekFirst(): boolean {
    this.walked.rewind();
    return this.next();
  }

  next(): boolean {
    return this.walked.next(this.shown);
  }

  showMember(): Slice {
    return this.shown;
  }

  score(): number {
    return SET_SCORE;
  }

  scoreOf({ bytes, view, offset, length }: Slice): number {
    return this.asked.has(this.sought.at(view, bytes, offset, length)) ? SET_SCORE : Number.NaN;
  }
}

const SET_SCORE = 1;
