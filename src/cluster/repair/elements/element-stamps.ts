/**
 * When single fields and members were changed: what two halves of a cluster need to know of each
 * other's writes to merge a hash, a set or a sorted set. Kept only while some member is not
 * reached, for who is reached has the changes themselves; until that is noticed, the changes of the
 * last seconds are remembered as they came and looked at only if they are needed.
 *
 *     all reached     effects -> recent (two generations of a few seconds; a copy of the bytes)
 *     one is missing  recent, then effects -> table: key -> when removed, element -> stamp
 *     all again       the table is kept until every member has been made equal, then forgotten
 *
 * Keys and elements are strings of one char a byte. When it is more than the limit of memory
 * allows, all of it is forgotten: keys are merged as a whole then.
 */
import { Frame } from '../../../base/frame.ts';
import { LIMITS } from '../../../base/limits.ts';
import type { Effect } from '../../../engine/effect.ts';
import type { MutationReader } from '../../../engine/mutation-sink.ts';
import { RespBytes } from '../../../journal/resp-bytes.ts';
import { CUT_OFF, parseCommand } from '../../../replay/resp-command.ts';
import { isNewer } from '../../replication/stamp.ts';
import { ElementArguments, REACH, reachOf } from './element-effects.ts';

export interface ElementStamp {
  readonly high: number;
  readonly low: number;
  readonly isAbsent: boolean;
}

export class KeyElements {
  readonly databaseIndex: number;
  readonly key: string;
  /** First letter of the commands of its type: `H`, `S`, `Z`; '' while it was only removed. */
  type = '';
  readonly stamps = new Map<string, ElementStamp>();
  /** It was removed as a whole: elements that are older than that are gone. 0: it was not. */
  removedHigh = 0;
  removedLow = 0;
  /** It was changed in a way that names no elements: it is merged as a whole. */
  isWhole = false;

  constructor(databaseIndex: number, key: string) {
    this.databaseIndex = databaseIndex;
    this.key = key;
  }

  /** @returns whether the element is known to have been changed no earlier than that */
  isLater(element: string, high: number, low: number): boolean {
    if (!isNewer(high, low, this.removedHigh, this.removedLow)) return true;
    const known = this.stamps.get(element);
    return known !== undefined && !isNewer(high, low, known.high, known.low);
  }

  remove(high: number, low: number): void {
    this.stamps.clear();
    this.removedHigh = high;
    this.removedLow = low;
    this.isWhole = false;
  }
}

/** What is known of the change that is being recorded: `StoreStamps`, which hears of it before. */
export interface ChangeStamp {
  readonly lastHigh: number;
  readonly lastLow: number;
}

/** What an element costs beside its bytes, about. */
const ELEMENT_BYTES = 120;

export class ElementStamps implements MutationReader {
  /** There is some other node. */
  isOn = false;
  /** What changes now was changed elsewhere, and bears another stamp. */
  isMerging = false;
  /** About what the table holds. */
  heldBytes = 0;
  /** It was too much once: until it is forgotten, keys are merged as a whole. */
  hasOverflowed = false;
  private readonly keys = new Map<string, KeyElements>();
  private readonly change: ChangeStamp;
  private isKeeping = false;
  private recent = new RecentEffects();
  private older = new RecentEffects();
  private readonly found = new ElementArguments();

  /** @param change  read while an effect is recorded, by then stamped */
  constructor(change: ChangeStamp) {
    this.change = change;
  }

  get keyCount(): number {
    return this.keys.size;
  }

  get all(): Iterable<KeyElements> {
    return this.keys.values();
  }

  onEffect(effect: Effect, eventId: number): void {
    if (!this.isOn || this.isMerging || reachOf(eventId) === REACH.none) return;
    const { lastHigh: high, lastLow: low } = this.change;
    const { databaseIndex, frame, keyArg, secondKeyArg } = effect;
    const fact = { eventId, databaseIndex, high, low, keyArg, secondKeyArg };
    if (this.isKeeping) this.take(frame, fact);
    else this.recent.add(frame, fact);
  }

  /** Some member is not reached: from the last seconds on, everything is kept. */
  keep(): void {
    if (this.isKeeping) return;
    this.isKeeping = true;
    this.hasOverflowed = this.older.isFull || this.recent.isFull;
    for (const effects of [this.older, this.recent]) {
      effects.replay((frame, fact) => this.take(frame, fact));
      effects.clear();
    }
  }

  /** Every member has been made equal since. */
  forget(): void {
    this.isKeeping = false;
    this.hasOverflowed = false;
    this.keys.clear();
    this.heldBytes = 0;
  }

  /** To be called every `LIMITS.elementRecentMs`: what is older than that goes at the second. */
  age(): void {
    const { older } = this;
    older.clear();
    this.older = this.recent;
    this.recent = older;
  }

  find(databaseIndex: number, key: string): KeyElements | null {
    return this.keys.get(nameOf(databaseIndex, key)) ?? null;
  }

  /** What another node knows of a key that is taken from it. */
  adopt(kept: KeyElements): void {
    if (!this.isKeeping || this.hasOverflowed) return;
    this.keys.set(nameOf(kept.databaseIndex, kept.key), kept);
    this.heldBytes += ELEMENT_BYTES * (1 + kept.stamps.size) + kept.key.length;
  }

  private take(frame: Frame, fact: EffectFact): void {
    // Some changes of a key are not enough to tell what of it is older.
    if (this.hasOverflowed) return;
    const { found } = this;
    const { databaseIndex, eventId, high, keyArg, low, secondKeyArg } = fact;
    const reach = found.find(frame, eventId);
    if (reach === REACH.expired) {
      this.keys.delete(nameOf(databaseIndex, frame.latin1(keyArg)));
      return;
    }
    const kept = this.require(databaseIndex, frame.latin1(keyArg));
    if (reach === REACH.removed) kept.remove(high, low);
    else if (reach === REACH.whole) this.takeWhole(kept, frame, fact);
    else {
      this.takeElements(kept, frame, fact, found.isRemoval);
      if (secondKeyArg === 0) return;
      // SMOVE: what the one has lost the other one has.
      const target = this.require(databaseIndex, frame.latin1(secondKeyArg));
      this.takeElements(target, frame, fact, false);
    }
  }

  private takeWhole(kept: KeyElements, frame: Frame, fact: EffectFact): void {
    const { databaseIndex, high, low, secondKeyArg } = fact;
    if (secondKeyArg === 0) {
      kept.isWhole = true;
      return;
    }
    kept.remove(high, low);
    this.require(databaseIndex, frame.latin1(secondKeyArg)).isWhole = true;
  }

  private takeElements(
    kept: KeyElements,
    frame: Frame,
    { high, low }: EffectFact,
    isAbsent: boolean,
  ): void {
    const { found } = this;
    const type = frame.latin1(0)[0].toUpperCase();
    if (kept.type !== '' && kept.type !== type) kept.remove(high, low);
    kept.type = type;
    for (let arg = found.first; arg < frame.count; arg += found.step) {
      const element = frame.latin1(arg);
      if (!kept.stamps.has(element)) this.heldBytes += ELEMENT_BYTES + element.length;
      kept.stamps.set(element, { high, low, isAbsent });
    }
    if (this.heldBytes <= LIMITS.elementStampBytesMax) return;
    this.keys.clear();
    this.heldBytes = 0;
    this.hasOverflowed = true;
  }

  private require(databaseIndex: number, key: string): KeyElements {
    const name = nameOf(databaseIndex, key);
    let kept = this.keys.get(name);
    if (kept === undefined) {
      kept = new KeyElements(databaseIndex, key);
      this.keys.set(name, kept);
      this.heldBytes += ELEMENT_BYTES + name.length;
    }
    return kept;
  }
}

interface EffectFact {
  readonly eventId: number;
  readonly databaseIndex: number;
  readonly high: number;
  readonly low: number;
  readonly keyArg: number;
  readonly secondKeyArg: number;
}

const FACT_NUMBERS = 6;

/** Effects of a few seconds: their bytes one behind the other, their facts beside. */
class RecentEffects {
  /** There was more than it takes. */
  isFull = false;
  private readonly out = new RespBytes();
  private readonly facts: number[] = [];
  private readonly frame = new Frame();

  add(frame: Frame, fact: EffectFact): void {
    const { facts, out } = this;
    this.isFull ||= out.end > LIMITS.elementRecentBytesMax;
    if (this.isFull) return;
    const { eventId, databaseIndex, high, low, keyArg, secondKeyArg } = fact;
    // Of a change as a whole its keys are enough; the rest may be a long payload.
    const isLong = reachOf(eventId) !== REACH.elements;
    const count = isLong ? Math.max(keyArg, secondKeyArg) + 1 : frame.count;
    out.begin(count);
    out.args(frame, 0, count);
    facts.push(eventId, databaseIndex, high, low, keyArg, secondKeyArg);
  }

  replay(visit: (frame: Frame, fact: EffectFact) => void): void {
    const { facts, frame, out } = this;
    let at = 0;
    for (let i = 0; i < facts.length; i += FACT_NUMBERS) {
      at = parseCommand(frame, out.bytes, at, out.end);
      if (at <= CUT_OFF) return;
      visit(frame, {
        eventId: facts[i],
        databaseIndex: facts[i + 1],
        high: facts[i + 2],
        low: facts[i + 3],
        keyArg: facts[i + 4],
        secondKeyArg: facts[i + 5],
      });
    }
  }

  clear(): void {
    this.out.reset();
    this.facts.length = 0;
    this.isFull = false;
  }
}

function nameOf(databaseIndex: number, key: string): string {
  return `${databaseIndex} ${key}`;
}
