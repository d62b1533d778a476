/**
 * Which keys an effect names, and what it does to each: what stamps, and whoever applies the effect
 * elsewhere, must know. Effects are canonical, so few of them name more than one key.
 */
import { copiedInto, type Effect } from '../../engine/effect.ts';
import { EVENT } from '../../engine/event-table.ts';
import type { RealNames } from '../../journal/real-names.ts';

export const ROLE = {
  /** What it becomes depends on what it was. */
  changed: 0,
  /** It is what the effect says, whatever it was. */
  set: 1,
  /** It is gone, whatever it was. */
  removed: 2,
  /** It is gone, and what it was is somewhere else. */
  moved: 3,
  /** It stays, and something else depends on it. */
  read: 4,
} as const;

/** Whether what comes out depends on what the key was. */
export function dependsOnBefore(role: number): boolean {
  return role !== ROLE.set && role !== ROLE.removed;
}

export function isGoneAfter(role: number): boolean {
  return role === ROLE.removed || role === ROLE.moved;
}

/** Keys of one effect: columns, reused. */
export class EffectKeys {
  count = 0;
  /** Position among the arguments. */
  readonly args: number[] = [];
  readonly databases: number[] = [];
  /** Rows of ROLE. */
  readonly roles: number[] = [];
  private readonly names: RealNames;

  constructor(names: RealNames) {
    this.names = names;
  }

  /** @param eventId  row of EVENT_ROWS */
  read(effect: Effect, eventId: number): void {
    const { databaseIndex, frame, keyArg, secondKeyArg } = effect;
    this.count = 0;
    if (keyArg === 0) return;
    switch (eventId) {
      case EVENT.rename:
        this.add(1, databaseIndex, ROLE.moved);
        return this.add(2, databaseIndex, ROLE.set);
      case EVENT.copyTo:
        this.add(1, databaseIndex, ROLE.read);
        return this.add(2, copiedInto(effect), ROLE.set);
      case EVENT.move:
        this.add(1, databaseIndex, ROLE.moved);
        // It moves nothing to where a key is.
        return this.add(1, Number(frame.latin1(2)), ROLE.changed);
      case EVENT.geosearchstore:
      case EVENT.zrangestore:
        this.add(1, databaseIndex, ROLE.set);
        return this.add(2, databaseIndex, ROLE.read);
      case EVENT.georadiusstore:
        this.add(keyArg, databaseIndex, ROLE.set);
        return this.add(1, databaseIndex, ROLE.read);
      case EVENT.pfadd:
        return this.readLoglog(effect);
      case EVENT.zunionstore:
      case EVENT.zinterstore:
      case EVENT.zdiffstore:
        return this.readCombination(effect);
    }
    this.add(keyArg, databaseIndex, roleOf(effect));
    if (secondKeyArg !== 0) this.add(secondKeyArg, databaseIndex, ROLE.changed);
  }

  /** PFMERGE reads all its keys; PFADD has one. */
  private readLoglog({ databaseIndex, frame, keyArg }: Effect): void {
    this.add(keyArg, databaseIndex, ROLE.changed);
    if (!this.names.is(frame, 'PFMERGE')) return;
    for (let arg = 2; arg < frame.count; arg++) this.add(arg, databaseIndex, ROLE.read);
  }

  /** `ZUNIONSTORE target count source ...` */
  private readCombination({ databaseIndex, frame }: Effect): void {
    this.add(1, databaseIndex, ROLE.set);
    const sourceCount = Number(frame.latin1(2));
    for (let i = 0; i < sourceCount; i++) this.add(3 + i, databaseIndex, ROLE.read);
  }

  private add(arg: number, database: number, role: number): void {
    const { count } = this;
    this.args[count] = arg;
    this.databases[count] = database;
    this.roles[count] = role;
    this.count++;
  }
}

/** Of an effect on one key. Those that say all of it are built by the engine, in upper case. */
function roleOf({ frame }: Effect): number {
  const length = frame.lengths[0];
  if (length === 3) {
    const first = frame.bytes[frame.offsets[0]];
    if (first === LETTER_S && frame.equals(0, 'SET')) {
      return frame.count > 3 && frame.equals(3, 'KEEPTTL') ? ROLE.changed : ROLE.set;
    }
    if (first === LETTER_D && frame.equals(0, 'DEL')) return ROLE.removed;
    return ROLE.changed;
  }
  if (length === 7 && frame.equals(0, 'RESTORE')) return ROLE.set;
  return length === 6 && frame.equals(0, 'UNLINK') ? ROLE.removed : ROLE.changed;
}

const LETTER_S = 83;
const LETTER_D = 68;
