import type { Frame } from '../../../base/frame.ts';
import { EVENT, EVENT_ROWS } from '../../../engine/event-table.ts';

/** What an effect changes of a hash, set or sorted set. */
export const REACH = {
  /** Nothing that is kept element by element. */
  none: 0,
  /** Some fields or members, which it names. */
  elements: 1,
  /** All of it, or what cannot be told from the effect. */
  whole: 2,
  /** The key is gone. */
  removed: 3,
  /** Its time is up, on every node alike. */
  expired: 4,
} as const;

/** By event, looked at before the effect's name is: most effects are none of these. */
const REACH_BY_EVENT = new Uint8Array(EVENT_ROWS.length);

function reaches(reach: number, ...events: number[]): void {
  for (const event of events) REACH_BY_EVENT[event] = reach;
}

const { hset, hincrby, hincrbyfloat, hdel, hexpire, hpersist } = EVENT;
reaches(REACH.elements, hset, hincrby, hincrbyfloat, hdel, hexpire, hpersist);
reaches(REACH.elements, EVENT.sadd, EVENT.srem, EVENT.spop);
reaches(REACH.elements, EVENT.zadd, EVENT.zincr, EVENT.zrem, EVENT.zpopmin, EVENT.zpopmax);
reaches(REACH.whole, EVENT.rename, EVENT.copyTo, EVENT.move, EVENT.restore);
reaches(REACH.whole, EVENT.sinterstore, EVENT.sunionstore, EVENT.sdiffstore);
reaches(REACH.whole, EVENT.zremrangebyscore, EVENT.zremrangebyrank, EVENT.zremrangebylex);
reaches(REACH.whole, EVENT.zrangestore, EVENT.zunionstore, EVENT.zinterstore, EVENT.zdiffstore);
reaches(REACH.whole, EVENT.geosearchstore, EVENT.georadiusstore);
reaches(REACH.removed, EVENT.del, EVENT.evicted);
reaches(REACH.expired, EVENT.expired);

/** What an effect of that event may reach; one load. */
export function reachOf(eventId: number): number {
  return REACH_BY_EVENT[eventId];
}

/** Which arguments of an effect are elements: `first`, then each `step` further, before the end. */
export class ElementArguments {
  first = 0;
  step = 1;
  isRemoval = false;

  /** @returns a value of REACH */
  find(frame: Frame, eventId: number): number {
    const reach = REACH_BY_EVENT[eventId];
    if (reach !== REACH.elements) return reach;
    this.isRemoval = false;
    switch (frame.latin1(0).toUpperCase()) {
      case 'HSET':
      case 'HMSET':
      case 'HSETNX':
      case 'HINCRBY':
        return this.at(2, 2);
      case 'HSETEX':
        return this.behindFields(frame, 2);
      case 'HPEXPIREAT':
      case 'HPERSIST':
        return this.behindFields(frame, 1);
      case 'SADD':
        return this.at(2, 1);
      case 'HDEL':
      case 'SREM':
      case 'ZREM':
        this.isRemoval = true;
        return this.at(2, 1);
      case 'SMOVE':
        this.isRemoval = true;
        return this.at(3, 1);
      case 'ZADD':
        return this.at(firstScore(frame) + 1, 2);
      case 'ZINCRBY':
        return this.at(3, 1);
      case 'DEL':
        return REACH.removed;
      default:
        return REACH.whole;
    }
  }

  private at(first: number, step: number): number {
    this.first = first;
    this.step = step;
    return REACH.elements;
  }

  /** `... FIELDS count field ...` */
  private behindFields(frame: Frame, step: number): number {
    for (let arg = 2; arg < frame.count - 2; arg++) {
      if (frame.equals(arg, 'FIELDS')) return this.at(arg + 2, step);
    }
    return REACH.whole;
  }
}

/** Options stand before the first score, which begins like a number. */
function firstScore(frame: Frame): number {
  let arg = 2;
  while (arg < frame.count && SCORE_OPTIONS.includes(frame.latin1(arg).toUpperCase())) arg++;
  return arg;
}

const SCORE_OPTIONS = ['NX', 'XX', 'GT', 'LT', 'CH', 'INCR'];
