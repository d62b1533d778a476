/**
 * When single fields and members were changed: what two halves of a cluster need to know of each
 * other's writes to merge a hash, a set or a sorted set. Kept only while some member is not
 * reached, for who is reached has the changes themselves; until that is noticed, the changes of the
 * last seconds are remembered as they came and looked at only if they are needed.
 *
 *     all reached     effects -> recent (two generations of a few seconds; a copy of the bytes)
 *     one is missing  recent, then effects -> table: key -> element -> stamp
 *     all again       the table is kept until every member has been made equal, then forgotten
 *
 * Keys and elements are strings of one char a byte. What is beyond the limit of memory is forgotten
 * at once: those keys are merged as a whole.
 */
import { Frame } from '../../../base/frame.ts';
import { LIMITS } from '../../../base/limits.ts';
import type { Effect } from '../../../engine/effect.ts';
import type { MutationReader } from '../../../engine/mutation-sink.ts';
import { RespBytes } from '../../../journal/resp-bytes.ts';
import { CUT_OFF, parseCommand } from '../../../replay/resp-command.ts';
import { ElementArguments, mayReachElements, REACH } from './element-effects.ts';

export interface ElementStamp {
  high: number;
  low: number;
  isAbsent: boolean;
}

export class KeyElements {
  readonly stamps = new Map<string, ElementStamp>();
  /** The key was made while this was kept: nothing of it is older. */
  isNew: boolean;
  /** It was replaced, or changed in a way that names no elements: it is merged as a whole. */
  isWhole = false;

  constructor(isNew: boolean) {
    this.isNew = isNew;
  }
}

/** What is known of the change that is being recorded: `StoreStamps`, which hears of it before. */
export interface ChangeStamp {
  readonly lastHigh: number;
  readonly lastLow: number;
  /** The key was not there before. */
  readonly wasAbsent: boolean;
}

/** What an element costs beside its bytes, about. */
const ELEMENT_BYTES = 120;

export class ElementStamps implements MutationReader {
  /** There is some other node. */
  isOn = false;
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

  onEffect(effect: Effect, eventId: number): void {
    if (!this.isOn || !mayReachElements(eventId)) return;
    const { lastHigh: high, lastLow: low, wasAbsent: isNewborn } = this.change;
    const fact = { eventId, databaseIndex: effect.databaseIndex, high, low, isNewborn };
    if (this.isKeeping) this.take(effect.frame, effect.keyArg, effect.secondKeyArg, fact);
    else this.recent.add(effect, fact);
  }

  /** Some member is not reached: from the last seconds on, everything is kept. */
  keep(): void {
    if (this.isKeeping) return;
    this.isKeeping = true;
    this.hasOverflowed = this.older.isFull || this.recent.isFull;
    const visit = (frame: Frame, keyArg: number, secondKeyArg: number, fact: EffectFact) =>
      this.take(frame, keyArg, secondKeyArg, fact);
    this.older.replay(visit);
    this.recent.replay(visit);
    this.forgetRecent();
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

  /** What was merged bears the stamp that its writer gave it. */
  put(databaseIndex: number, key: string, element: string, stamp: ElementStamp): void {
    const name = nameOf(databaseIndex, key);
    let kept = this.keys.get(name);
    if (kept === undefined) {
      kept = new KeyElements(false);
      this.keys.set(name, kept);
    }
    this.setStamp(kept, element, stamp);
  }

  /** Another version of the key took its place, which holds what there was to merge. */
  drop(databaseIndex: number, key: string): void {
    this.keys.delete(nameOf(databaseIndex, key));
  }

  private take(frame: Frame, keyArg: number, secondKeyArg: number, fact: EffectFact): void {
    // Some changes of a key are not enough to tell what of it is older.
    if (this.hasOverflowed) return;
    const { found } = this;
    const reach = found.find(frame, fact.eventId);
    const kept = this.require(frame, keyArg, fact);
    if (reach === REACH.whole || secondKeyArg !== 0) {
      kept.isWhole = true;
      if (secondKeyArg !== 0) this.require(frame, secondKeyArg, fact).isWhole = true;
      return;
    }
    const { high, low } = fact;
    for (let arg = found.first; arg < frame.count; arg += found.step) {
      this.setStamp(kept, frame.latin1(arg), { high, low, isAbsent: found.isRemoval });
    }
  }

  private require(frame: Frame, keyArg: number, fact: EffectFact): KeyElements {
    const name = nameOf(fact.databaseIndex, frame.latin1(keyArg));
    const kept = this.keys.get(name);
    // It went and came again: what was said of the one before says nothing of this one.
    if (kept !== undefined && !fact.isNewborn) return kept;
    if (kept !== undefined) kept.isWhole = true;
    const made = kept ?? new KeyElements(fact.isNewborn);
    this.keys.set(name, made);
    this.heldBytes += ELEMENT_BYTES + name.length;
    return made;
  }

  private setStamp(kept: KeyElements, element: string, stamp: ElementStamp): void {
    if (!kept.stamps.has(element)) this.heldBytes += ELEMENT_BYTES + element.length;
    kept.stamps.set(element, stamp);
    if (this.heldBytes <= LIMITS.elementStampBytesMax) return;
    this.keys.clear();
    this.heldBytes = 0;
    this.hasOverflowed = true;
  }

  private forgetRecent(): void {
    this.recent.clear();
    this.older.clear();
  }
}

interface EffectFact {
  readonly eventId: number;
  readonly databaseIndex: number;
  readonly high: number;
  readonly low: number;
  readonly isNewborn: boolean;
}

type FactVisit = (frame: Frame, keyArg: number, secondKeyArg: number, fact: EffectFact) => void;

const FACT_NUMBERS = 6;

/** Effects of a few seconds: their bytes one behind the other, their facts beside. */
class RecentEffects {
  /** There was more than it takes. */
  isFull = false;
  private readonly out = new RespBytes();
  private readonly facts: number[] = [];
  private readonly frame = new Frame();

  add(effect: Effect, fact: EffectFact): void {
    const { out, facts } = this;
    this.isFull ||= out.end > LIMITS.elementRecentBytesMax;
    if (this.isFull) return;
    const { frame } = effect;
    const { keyArg } = effect;
    const isWhole = isWholeChange(frame, fact.eventId);
    // Of a change as a whole its keys are enough; the rest may be a long payload.
    const count = isWhole ? Math.max(keyArg, effect.secondKeyArg) + 1 : frame.count;
    out.begin(count);
    out.args(frame, 0, count);
    const { eventId, databaseIndex, high, low, isNewborn } = fact;
    facts.push(eventId, databaseIndex, high, low, isNewborn ? 1 : 0);
    facts.push((keyArg << 8) | effect.secondKeyArg);
  }

  replay(visit: FactVisit): void {
    const { facts, frame, out } = this;
    let at = 0;
    for (let i = 0; i < facts.length; i += FACT_NUMBERS) {
      at = parseCommand(frame, out.bytes, at, out.end);
      if (at <= CUT_OFF) return;
      const [eventId, databaseIndex, high, low, newborn, args] = facts.slice(i, i + FACT_NUMBERS);
      const fact = { eventId, databaseIndex, high, low, isNewborn: newborn === 1 };
      visit(frame, args >>> 8, args & 0xff, fact);
    }
  }

  clear(): void {
    this.out.reset();
    this.facts.length = 0;
    this.isFull = false;
  }
}

const TESTED = new ElementArguments();

function isWholeChange(frame: Frame, eventId: number): boolean {
  return TESTED.find(frame, eventId) === REACH.whole;
}

function nameOf(databaseIndex: number, key: string): string {
  return `${databaseIndex} ${key}`;
}
