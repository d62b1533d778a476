import type { World } from '../../../base/world.ts';
import { type NodeState, STATE } from '../wire/swim-messages.ts';
import type { Suspicion } from './suspicion.ts';
import { chooseBelow } from './timing.ts';

/** A member as SWIM sees it. */
export interface SwimNode {
  readonly name: string;
  address: string;
  port: number;
  meta: Uint8Array;
  versions: Uint8Array;
  /** Only the node itself raises it: news with a lower one are old. */
  incarnation: number;
  state: NodeState;
  /** Monotonic. */
  changedMs: number;
  /** While `state` is `suspect`. */
  suspicion: Suspicion | null;
}

/** All members by name, and the order in which they are probed: shuffled anew in each round. */
export class NodeTable {
  private readonly world: World;
  private readonly byName = new Map<string, SwimNode>();
  private order: SwimNode[] = [];
  private nextProbe = 0;

  constructor(world: World) {
    this.world = world;
  }

  get count(): number {
    return this.byName.size;
  }

  get nodes(): readonly SwimNode[] {
    return this.order;
  }

  find(name: string): SwimNode | null {
    return this.byName.get(name) ?? null;
  }

  /** At a random place, so that a new member is not probed by everybody in the same moment. */
  add(node: SwimNode): void {
    this.byName.set(node.name, node);
    const place = chooseBelow(this.world, this.order.length + 1);
    this.order.push(node);
    const last = this.order.length - 1;
    [this.order[place], this.order[last]] = [this.order[last], this.order[place]];
  }

  drop(name: string): void {
    this.byName.delete(name);
    this.order = this.order.filter((node) => node.name !== name);
  }

  /** @returns the next that `isWanted`, at most once around; null when there is none */
  nextInTurn(isWanted: (node: SwimNode) => boolean, onRound: () => void): SwimNode | null {
    for (let looked = 0; looked <= this.order.length; looked++) {
      if (this.nextProbe >= this.order.length) {
        this.nextProbe = 0;
        onRound();
        this.shuffle();
        if (this.order.length === 0) return null;
      }
      const node = this.order[this.nextProbe++];
      if (isWanted(node)) return node;
    }
    return null;
  }

  /** Up to `count` different ones, at random. */
  choose(count: number, isWanted: (node: SwimNode) => boolean): SwimNode[] {
    const wanted = this.order.filter(isWanted);
    const chosen: SwimNode[] = [];
    while (chosen.length < count && wanted.length > 0) {
      const [node] = wanted.splice(chooseBelow(this.world, wanted.length), 1);
      chosen.push(node);
    }
    return chosen;
  }

  private shuffle(): void {
    for (let i = this.order.length - 1; i > 0; i--) {
      const other = chooseBelow(this.world, i + 1);
      [this.order[i], this.order[other]] = [this.order[other], this.order[i]];
    }
  }
}

export function isGone(node: SwimNode): boolean {
  return node.state === STATE.dead || node.state === STATE.left;
}
