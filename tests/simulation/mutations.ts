/**
 * Deliberate defects of the protocol. A simulator that does not catch them proves nothing. The
 * product knows nothing of them: each replaces a method for as long as it is applied.
 */

import type { Frame } from '../../src/base/frame.ts';
import type { World } from '../../src/base/world.ts';
import type { SlotSet } from '../../src/cluster/placement/slot-set.ts';
import { Repair } from '../../src/cluster/repair/repair.ts';
import { SurplusSlots } from '../../src/cluster/repair/surplus-slots.ts';
import { SyncClient } from '../../src/cluster/repair/sync-client.ts';
import { Quorum } from '../../src/cluster/replication/delivery/quorum.ts';
import { DutyTable } from '../../src/cluster/replication/duties/duty-table.ts';
import { SlotDuties } from '../../src/cluster/replication/duties/slot-duties.ts';
import { EffectApplier } from '../../src/cluster/replication/effect-applier.ts';
import { EffectStream } from '../../src/cluster/replication/effect-stream.ts';
import { HybridClock } from '../../src/cluster/replication/hybrid-clock.ts';
import { NodeReplication } from '../../src/cluster/replication/node-replication.ts';
import { StampTable } from '../../src/cluster/replication/stamp-table.ts';
import type { ForwardLine } from '../../src/cluster/routing/forward-line.ts';
import { Forwarder } from '../../src/cluster/routing/forwarder.ts';
import { Router } from '../../src/cluster/routing/router.ts';
import type { ScenarioKind } from './scenario.ts';
import type { Layout } from './simulated-cluster.ts';

export interface Mutation {
  readonly name: string;
  readonly help: string;
  /** Where it shows; undefined: in any. */
  readonly kind?: ScenarioKind;
  /** Undefined: in any. */
  readonly layout?: Layout;
  /** @returns what undoes it */
  apply(): () => void;
}

/** Longer than the way to a client and back. */
const LATE_MS = 20;
/** What `EffectApplier.judge` says of a change that is not newer than what is here. */
const OLD = 1;
const APPLIES = 0;

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'effects-behind-replies',
    help: 'A client is answered before its own node has what it wrote.',
    kind: 'calm',
    apply: () =>
      replace(NodeReplication, 'flush', (flush) => {
        return function (this: { options: { node: { world: World } } }) {
          this.options.node.world.timers.after(LATE_MS, () => flush.call(this));
        };
      }),
  },
  {
    name: 'no-wait-for-hand-over',
    help: 'The new owner executes before the old one has sent all that it did.',
    kind: 'calm',
    layout: 'whole',
    apply: () =>
      replace(DutyTable, 'own', () => {
        return function (this: { become(store: unknown, duty: string): void }, store) {
          this.become(store, 'owner');
        };
      }),
  },
  {
    name: 'heir-asks-nobody',
    help: 'Who follows an owner that is lost executes before it has what others have of it.',
    kind: 'crash',
    apply: () =>
      both(
        replace(DutyTable, 'takeUp', () => {
          return function (this: { become(store: unknown, duty: string): void }, store) {
            this.become(store, 'owner');
          };
        }),
        replace(SlotDuties, 'doubt', () => () => {}),
      ),
  },
  {
    name: 'copies-kept-unasked',
    help: 'Who is to hold a slot no more keeps what it has of it.',
    kind: 'calm',
    layout: 'few',
    apply: () => replace(SurplusSlots, 'drop', () => () => {}),
  },
  {
    name: 'dropped-before-given',
    help: 'Who is to hold a slot no more drops what it has of it before its owner has that.',
    kind: 'partition',
    layout: 'few',
    apply: () =>
      replace(SurplusSlots, 'find', (find) => {
        return function (this: { given: SlotSet }) {
          const surplus = find.call(this) as ReadonlyMap<string, SlotSet>;
          for (const slots of surplus.values()) slots.each((slot) => this.given.add(slot));
          return new Map();
        };
      }),
  },
  {
    name: 'owner-does-not-stop',
    help: 'Who owns a store no more goes on to execute for it.',
    kind: 'calm',
    layout: 'whole',
    apply: () =>
      replace(DutyTable, 'become', (become) => {
        return function (this: object, store, duty) {
          const wasOwner = (store as { duty: string }).duty === 'owner';
          return wasOwner ? undefined : become.call(this, store, duty);
        };
      }),
  },
  {
    name: 'stamp-before-ignored',
    help: 'A change is applied to whatever is here, also if it was made of something else.',
    apply: () => replace(EffectApplier, 'isAsBefore', () => () => true),
  },
  {
    name: 'older-change-applied',
    help: 'The change that comes last wins, not the one that was made last.',
    apply: () =>
      replace(EffectApplier, 'judge', (judge) => {
        return function (this: object) {
          const verdict = judge.call(this);
          return verdict === OLD ? APPLIES : verdict;
        };
      }),
  },
  {
    name: 'gap-ignored',
    help: 'A node that has missed changes goes on as if it had not, and compares nothing.',
    apply: () =>
      both(
        replace(NodeReplication, 'needSync', () => () => {}),
        replace(Repair, 'check', () => () => {}),
      ),
  },
  {
    name: 'last-batch-lost',
    help: 'What a turn changed is sent to one node only.',
    apply: () =>
      replace(EffectStream, 'send', (send) => {
        let count = 0;
        return function (this: object, ...args) {
          return count++ % 20 === 7 ? true : send.apply(this, args);
        };
      }),
  },
  {
    name: 'clock-without-witness',
    help: 'A stamp may be earlier than one that the node has met.',
    apply: () => replace(HybridClock, 'witness', () => () => {}),
  },
  {
    name: 'clock-from-zero',
    help: 'Stamps count from the start of the process, whatever the time is.',
    kind: 'partition',
    apply: () =>
      replace(HybridClock, 'tick', (tick) => {
        return function (this: { clock: object }) {
          const { clock } = this;
          this.clock = { nowMs: 0 };
          tick.call(this);
          this.clock = clock;
        };
      }),
  },
  {
    name: 'tombstone-dropped',
    help: 'That a key was removed is forgotten at once.',
    apply: () =>
      replace(StampTable, 'put', (put) => {
        return function (this: StampTable, ...args) {
          put.apply(this, args);
          const [slot, tag, , , isAbsent] = args as [number, number, number, number, boolean];
          if (isAbsent) this.drop(slot, tag);
        };
      }),
  },
  {
    name: 'digests-always-equal',
    help: 'Nodes that differ take each other for equal.',
    apply: () =>
      both(
        replace(StampTable, 'digestLeft', () => () => 0),
        replace(StampTable, 'digestRight', () => () => 0),
      ),
  },
  {
    name: 'ready-before-filled',
    help: 'A node that joins owns and answers before it has what the others have.',
    apply: () =>
      replace(Repair, 'fill', () => {
        return function (this: { isFilled: boolean; options: { onFilled(): void } }) {
          if (this.isFilled) return;
          this.isFilled = true;
          this.options.onFilled();
        };
      }),
  },
  {
    name: 'read-before-pending-write',
    help: 'A read runs here at once, while what the client wrote before is under way.',
    kind: 'calm',
    apply: () =>
      replace(Router, 'isElsewhere', (isElsewhere) => {
        return function (this: object, session, frame, command) {
          const isRead = (frame as Frame).equals(0, 'GET');
          return isRead ? false : isElsewhere.call(this, session, frame, command);
        };
      }),
  },
  {
    name: 'write-sent-again',
    help: 'A write whose owner was lost is sent to the next one, though it may have run.',
    kind: 'crash',
    apply: () =>
      replace(Forwarder, 'loseOf', (loseOf) => {
        return function (this: object, line, nodeId) {
          const { count } = line as ForwardLine;
          for (let i = 0; i < count; i++) (line as ForwardLine).at(i).isRepeatable = true;
          loseOf.call(this, line, nodeId);
        };
      }),
  },
  {
    name: 'quorum-not-waited-for',
    help: 'A write of a quorum store is answered when its owner alone has it.',
    kind: 'crash',
    apply: () =>
      replace(Quorum, 'whenReached', () => {
        return (_position, done) => {
          (done as (isReached: boolean) => void)(true);
        };
      }),
  },
  {
    name: 'nothing-contributed',
    help: 'A node that comes back from a partition takes, and gives nothing of its own.',
    kind: 'partition',
    apply: () => replace(SyncClient, 'meet', () => () => {}),
  },
];

export function requireMutation(name: string): Mutation {
  const found = MUTATIONS.find((mutation) => mutation.name === name);
  if (found !== undefined) return found;
  const names = MUTATIONS.map((mutation) => mutation.name).join(', ');
  throw new Error(`no mutation ${name}; there are ${names}`);
}

type Method = (this: never, ...args: unknown[]) => unknown;
type BoundMethod = {
  call(self: object, ...args: unknown[]): unknown;
  apply(self: object, args: unknown[]): unknown;
};

/** @param make  the method in its place, which may call the right one */
function replace(
  owner: { readonly prototype: object },
  name: string,
  make: (right: BoundMethod) => Method,
): () => void {
  const prototype = owner.prototype as Record<string, unknown>;
  const right = prototype[name];
  if (typeof right !== 'function') throw new Error(`there is no method ${name} to replace`);
  prototype[name] = make(right as unknown as BoundMethod);
  return () => {
    prototype[name] = right;
  };
}

function both(...undo: (() => void)[]): () => void {
  return () => {
    for (const one of undo) one();
  };
}
