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
} as const;

/** Looked at before the effect's name is: most effects are none of these. */
const MAY_REACH = new Uint8Array(EVENT_ROWS.length);
for (const event of [
  EVENT.hset,
  EVENT.hincrby,
  EVENT.hincrbyfloat,
  EVENT.hdel,
  EVENT.hexpire,
  EVENT.hpersist,
  EVENT.sadd,
  EVENT.srem,
  EVENT.spop,
  EVENT.zadd,
  EVENT.zincr,
  EVENT.zrem,
  EVENT.zpopmin,
  EVENT.zpopmax,
]) {
  MAY_REACH[event] = REACH.elements;
}
for (const event of [
  EVENT.rename,
  EVENT.copyTo,
  EVENT.move,
  EVENT.restore,
  EVENT.sinterstore,
  EVENT.sunionstore,
  EVENT.sdiffstore,
  EVENT.zremrangebyscore,
  EVENT.zremrangebyrank,
  EVENT.zremrangebylex,
  EVENT.zrangestore,
  EVENT.zunionstore,
  EVENT.zinterstore,
  EVENT.zdiffstore,
  EVENT.geosearchstore,
  EVENT.georadiusstore,
]) {
  MAY_REACH[event] = REACH.whole;
}

/** Whether an effect of that event may change elements; one load. */
export function mayReachElements(eventId: number): boolean {
  return MAY_REACH[eventId] !== REACH.none;
}

/** Which arguments of an effect are elements: `first`, then each `step` further, before the end. */
export class ElementArguments {
  first = 0;
  step = 1;
  isRemoval = false;

  /** @returns a value of REACH */
  find(frame: Frame, eventId: number): number {
    if (MAY_REACH[eventId] !== REACH.elements) return MAY_REACH[eventId];
    this.step = 1;
    this.isRemoval = false;
    switch (frame.latin1(0).toUpperCase()) {
      case 'HSET':
      case 'HMSET':
      case 'HSETNX':
        return this.at(2, 2);
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
      case 'ZADD':
        return this.at(firstScore(frame) + 1, 2);
      case 'ZINCRBY':
        return this.at(3, 1);
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
