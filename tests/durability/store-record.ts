import type { NodeKit } from '../../src/testing/node-kit.ts';
import { ask, DurableClient, isLogged, tell, type Words } from './durable-node.ts';
import { STATE_QUERY } from './random-units.ts';

export const DEFAULT_STORE = 'default';
/** The state of a store that is not there. */
export const NO_STORE = 'no such store';

/** What a store holds, as text. */
export async function storeState(kit: NodeKit, name: string): Promise<string> {
  const [selected, ...state] = await ask(kit, ['SELECT', name], ...STATE_QUERY);
  return selected === 'OK' ? state.join(' ') : NO_STORE;
}

type GroupKind = 'look' | 'change' | 'make' | 'drop' | 'wait' | 'save' | 'other';

/** Commands sent together; all but the last three kinds end with a look at the state. */
interface Group {
  readonly kind: GroupKind;
  readonly commandCount: number;
}

/**
 * What one client asked of one store, and what it was told: the states that the store was in, one
 * after the other, and which of them were acknowledged as synced.
 */
export class StoreRecord {
  readonly name: string;
  readonly isDefault: boolean;
  /** After each change, as the node told it. */
  private readonly states: string[] = [];
  private readonly groups: Group[] = [];
  private readonly client: DurableClient;
  private readonly policy: string;
  private readonly isLogged: boolean;
  /** Of groups, and of replies, looked at. */
  private groupCount = 0;
  private replyCount = 0;
  private synced = 0;
  private isStanding = false;
  private isMaking = false;
  /** Whether an answer is a promise, as the policy says. */
  private isPromised = true;
  private isLogOff = false;

  constructor(name: string, kit: NodeKit, settings: Readonly<Record<string, string>>) {
    this.name = name;
    this.isDefault = name === DEFAULT_STORE;
    this.policy = settings['persistence.sync_policy'];
    this.isLogged = isLogged(settings);
    this.client = new DurableClient(kit);
    this.sendGroup('look', [['SELECT', name]]);
  }

  /** Each unit is a change of its own; nothing while there is no such store. */
  sendUnits(units: readonly (readonly Words[])[]): void {
    this.readReplies();
    if (!this.isStanding) return;
    for (const unit of units) this.sendGroup('change', unit);
  }

  makeOrDrop(): void {
    this.readReplies();
    if (this.isMaking) return;
    if (this.isStanding) {
      this.sendGroup('drop', [['STORE', 'DROP', this.name]]);
      return;
    }
    this.isMaking = true;
    const commands: Words[] = [
      ['STORE', 'CREATE', this.name],
      ['SELECT', this.name],
    ];
    this.sendGroup('make', commands);
  }

  /** Asks for one of the things that keep a store safe and small. */
  sendUpkeep(which: number): void {
    this.readReplies();
    if (!this.isStanding) return;
    switch (which) {
      case 0:
        this.sendGroup('wait', [['WAITAOF', 1, 0, 2000]]);
        return;
      case 1:
        this.sendGroup('save', [['SAVE']]);
        return;
      case 2:
        this.sendGroup('other', [['BGSAVE']]);
        return;
      default:
        this.sendGroup('other', [['BGREWRITEAOF']]);
    }
  }

  /** The log is about to be turned off. */
  endPromises(): void {
    this.readReplies();
    this.isPromised = false;
    this.isLogOff = true;
  }

  /** The log is on again: what WAITAOF says from now on is true, and then what the policy says. */
  askForPromises(): void {
    this.isLogOff = false;
    this.sendUpkeep(0);
  }

  get stateCount(): number {
    return this.states.length;
  }

  get lastState(): string {
    return this.states[this.states.length - 1];
  }

  isAnswered(): boolean {
    this.readReplies();
    return this.groupCount === this.groups.length;
  }

  /** Of the last state whose change was answered. */
  answeredIndex(): number {
    this.readReplies();
    const isKept = this.isLogged && this.isPromised;
    return isKept ? Math.max(0, this.states.length - 1) : this.synced;
  }

  /** Of the last state that was acknowledged as synced. */
  syncedIndex(): number {
    this.readReplies();
    return this.synced;
  }

  /** @throws when it is not one of the states from that one on */
  check(state: string, oldest: number): void {
    if (this.states.includes(state, oldest)) return;
    const before = this.states.lastIndexOf(state, oldest);
    const what =
      before === -1
        ? `a state that never was: ${state}`
        : `state ${before} (${state}), though ${oldest} was acknowledged as safe`;
    throw new Error(`${this.name} holds ${what}; of ${this.states.length} states`);
  }

  private sendGroup(kind: GroupKind, commands: readonly Words[]): void {
    const isLooked = kind !== 'wait' && kind !== 'save' && kind !== 'other';
    const all = isLooked ? [...commands, ...STATE_QUERY] : commands;
    this.groups.push({ kind, commandCount: all.length });
    this.client.send(...all);
  }

  private readReplies(): void {
    const count = this.client.read();
    while (this.groupCount < this.groups.length) {
      const group = this.groups[this.groupCount];
      const end = this.replyCount + group.commandCount;
      if (end > count) return;
      const told = this.client.replies.slice(this.replyCount, end).map(tell);
      this.replyCount = end;
      this.groupCount++;
      this.take(group, told);
    }
  }

  private take({ kind }: Group, told: readonly string[]): void {
    if (kind === 'wait' && told[0] === '[1 0]' && !this.isLogOff) {
      this.synced = this.states.length - 1;
      this.isPromised = true;
    }
    if (kind === 'save' && told[0] === 'OK' && !this.isLogged) {
      this.synced = this.states.length - 1;
    }
    if (kind === 'wait' || kind === 'save' || kind === 'other') return;
    if (kind === 'make') {
      this.isMaking = false;
      this.isStanding = told[1] === 'OK';
    }
    if (kind === 'look') this.isStanding = told[0] === 'OK';
    if (kind === 'drop' && told[0] === 'OK') this.isStanding = false;
    const state = told.slice(told.length - STATE_QUERY.length).join(' ');
    this.states.push(this.isStanding ? state : NO_STORE);
    const isListed = (kind === 'make' || kind === 'drop') && told[0] === 'OK';
    const isSynced = isListed || (this.isLogged && this.isPromised && this.policy === 'always');
    if (isSynced) this.synced = this.states.length - 1;
  }
}
