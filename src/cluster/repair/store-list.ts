/**
 * The named stores and the function libraries, which every node has alike. A node that is to be
 * made equal tells the owner of the default store what it has and when that changed; what is later
 * wins, store by store, and of the libraries as a whole. What is removed is remembered until the
 * node stops.
 *
 *     stores      for whom, id, count, then of each: name, when, dropped, its options as words
 *     functions   for whom, id, when, FUNCTION DUMP
 */
import type { NodeServices } from '../../commands/node-services.ts';
import { Effect } from '../../engine/effect.ts';
import type { MutationReader } from '../../engine/mutation-sink.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import { MESSAGE } from '../peers/message-table.ts';
import type { Peer, PeerBus } from '../peers/peer-bus.ts';
import type { StampedStore } from './stamped-store.ts';
import { FOR } from './sync-messages.ts';

interface KnownStore {
  readonly name: string;
  readonly changedMs: number;
  readonly isDropped: boolean;
}

export interface StoreListOptions {
  readonly node: NodeServices;
  readonly bus: PeerBus;
  /** The default store. */
  readonly stamped: StampedStore;
  /** This node executes for the default store. */
  readonly isOwner: () => boolean;
  /** The owner has answered: the stores are those that it has. */
  readonly onTold: () => void;
  readonly onRefused: (reason: string) => void;
  /** There and here is a store of that name, and they are configured differently. */
  readonly onDiffers: (name: string) => void;
}

export class StoreList implements MutationReader {
  readonly ignoresEffects = true;
  private readonly options: StoreListOptions;
  /** What came or went since the start, by the name in lower case. */
  private readonly known = new Map<string, KnownStore>();
  private functionsMs = 0;
  private readonly effect = new Effect('');
  /** What changes now was changed elsewhere, at the time that was told. */
  private isTaking = false;

  constructor(options: StoreListOptions) {
    this.options = options;
    const { bus, node } = options;
    node.stores.default.sink.attach(this);
    bus.handle(MESSAGE.stores, (peer, message) => this.onStoreList(peer, message));
    bus.handle(MESSAGE.functions, (_peer, message) => this.onFunctionList(message));
  }

  onEffect(): void {}

  onStores({ frame }: Effect): void {
    if (this.isTaking) return;
    const name = frame.latin1(2);
    const isDropped = frame.equals(1, 'DROP');
    this.note({ name, isDropped, changedMs: this.options.node.clock.nowMs });
  }

  onFunctions(): void {
    if (!this.isTaking) this.functionsMs = this.options.node.clock.nowMs;
  }

  /** Tells that node what is here, and asks for what is there. */
  ask(owner: Peer): void {
    this.send(owner, FOR.owner);
  }

  private onStoreList(peer: Peer, message: MessageReader): void {
    const isForOwner = message.u8() === FOR.owner;
    for (let left = message.u32(); left > 0; left--) {
      const told = {
        name: message.text(),
        changedMs: message.u53(),
        isDropped: message.u8() === 1,
      };
      const words: string[] = [];
      for (let count = message.u32(); count > 0; count--) words.push(message.text());
      this.take(told, words);
    }
    if (isForOwner) this.send(peer, FOR.replica);
    else this.options.onTold();
  }

  private onFunctionList(message: MessageReader): void {
    const isForOwner = message.u8() === FOR.owner;
    const changedMs = message.u53();
    const { source, start, length } = message.bytes();
    const { functions } = this.options.node.scripting;
    const mine = functions.dump();
    const theirs = source.subarray(start, start + length);
    const isLater = isForOwner ? changedMs > this.functionsMs : changedMs >= this.functionsMs;
    if (!isLater || Buffer.from(theirs).equals(mine)) return;
    this.functionsMs = changedMs;
    this.effect.begin('FUNCTION', 0, 0).text('RESTORE').bytes(source, start, length).text('FLUSH');
    this.run();
  }

  private send(peer: Peer, to: number): void {
    const { bus, node } = this.options;
    const libraries = bus.begin(peer, MESSAGE.functions);
    if (libraries === null) return;
    const dump = node.scripting.functions.dump();
    libraries.u8(to).u53(this.functionsMs).bytes(dump, 0, dump.length).end();
    const writer = bus.begin(peer, MESSAGE.stores);
    if (writer === null) return;
    const all = this.all();
    writer.u8(to).u32(all.length);
    for (const { name, changedMs, isDropped } of all) {
      writer
        .text(name)
        .u53(changedMs)
        .u8(isDropped ? 1 : 0);
      const store = node.stores.find(name);
      const words = store === null ? [] : this.wordsOf(name);
      writer.u32(words.length);
      for (const word of words) writer.text(word);
    }
    writer.end();
  }

  /** Every store that is there, and those that were dropped. */
  private all(): KnownStore[] {
    const { stores } = this.options.node;
    const present = stores.named.map(
      ({ name }) => this.known.get(name.toLowerCase()) ?? { name, changedMs: 0, isDropped: false },
    );
    return [...present, ...[...this.known.values()].filter(({ isDropped }) => isDropped)];
  }

  private wordsOf(name: string): string[] {
    const { settings, stores } = this.options.node;
    const store = stores.find(name);
    if (store === null) return [];
    const options = settings.describeStore(store.configuration);
    return options.flatMap(([option, value]) => (value === null ? [] : [option, String(value)]));
  }

  /** What another node says of one store. */
  private take(told: KnownStore, words: readonly string[]): void {
    const { stores } = this.options.node;
    const mine = this.known.get(told.name.toLowerCase());
    const isThere = stores.find(told.name) !== null;
    if (isThere && !told.isDropped && words.join(' ') !== this.wordsOf(told.name).join(' ')) {
      return this.options.onDiffers(told.name);
    }
    if (told.isDropped !== isThere || told.changedMs < (mine?.changedMs ?? 0)) return;
    this.note(told);
    const { effect } = this;
    effect
      .begin('STORE', 0, 0)
      .text(told.isDropped ? 'DROP' : 'CREATE')
      .text(told.name);
    for (const word of words) effect.text(word);
    this.run();
  }

  /** Executes the effect; at the owner it goes to everybody. */
  private run(): void {
    const { isOwner, onRefused, stamped } = this.options;
    const { stamps } = stamped;
    stamps.isApplying = !isOwner();
    this.isTaking = true;
    const reason = stamped.applyChange(stamped.store.databases[0], this.effect.frame);
    this.isTaking = false;
    stamps.isApplying = false;
    if (reason !== '') onRefused(reason);
  }

  private note(store: KnownStore): void {
    this.known.set(store.name.toLowerCase(), store);
  }
}
