/**
 * Client-side caching (CLIENT TRACKING). By default a client is told once that a key it read has
 * changed, and must read it again to be told again; with BCAST it is told of every change of keys
 * with its prefixes. A client that tracks has GATE.TRACKING up, so that the commands of all others
 * cost nothing here; the stream of changes is read only while somebody tracks.
 *
 *     own command     what it changed is told after its reply, after EXEC's whole array
 *     others'         told at once: it leaves with the loop turn, after what they were answered
 *     BCAST           gathered, told at the end of the loop turn, keys sorted, a message a prefix
 *     REDIRECT        told at the end of the loop turn, for the receiver may be in its command
 */
import type { Frame } from '../../base/frame.ts';
import type { Random } from '../../base/world.ts';
import type { Effect } from '../../engine/effect.ts';
import { EVENT } from '../../engine/event-table.ts';
import type { MutationReader } from '../../engine/mutation-sink.ts';
import type { Store } from '../../engine/store.ts';
import type { StoreRegistry } from '../../engine/store-registry.ts';
import { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { Command } from '../command-table.ts';
import { findKeyPositions, KeyPositions } from '../key-positions.ts';
import type { ClientRegistry, ClientTracking, TrackingOptions } from '../node-services.ts';
import { GATE, type Session, type SessionTracking } from '../session.ts';
import { isSubscriber } from '../subscriber.ts';
import { type TrackedKey, TrackedKeys } from './tracked-keys.ts';

export const INVALIDATION_CHANNEL = '__redis__:invalidate';
/** Keys forgotten in one go when the table is over its limit. */
const FORGOTTEN_AT_ONCE = 1_000;

/** All keys: what a flush leaves of a copy. */
const ALL_KEYS = null;
type Names = readonly string[] | typeof ALL_KEYS;

class TrackingState implements SessionTracking {
  redirectId = 0;
  isBroadcast = false;
  isOptIn = false;
  isOptOut = false;
  isNoLoop = false;
  isRedirectBroken = false;
  isCachingChosen = false;
  prefixes: readonly string[] = [];
  /** Commands of this session under way, one within the other. */
  depth = 0;
  /** Of those, scripts: what they read counts as the keys that they declare. */
  scriptDepth = 0;
  scriptHasRead = false;
  /** To be told when its own command is answered. */
  pending: (string | typeof ALL_KEYS)[] = [];
  /** Named stores in which keys were remembered for it; null when in none. */
  namedStores: Set<Store> | null = null;
  isFlushAsked = false;
}

interface Prefix {
  readonly text: string;
  readonly sessions: Set<Session>;
  /** Keys changed since it was last told, and by whom: 0 when by no client. */
  readonly changes: Map<string, number>;
}

export class TrackingTable implements ClientTracking, MutationReader {
  private readonly clients: ClientRegistry;
  private readonly stores: StoreRegistry;
  private readonly settings: { readonly trackingTableKeyCountMax: number };
  private readonly later: (errand: () => void) => void;
  private readonly keys: TrackedKeys;
  private readonly sessions = new Set<Session>();
  private readonly prefixes = new Map<string, Prefix>();
  private readonly positions = new KeyPositions();
  private readonly writer = new ReplyWriter(1024);
  private isBroadcastAsked = false;

  /** @param options.later  runs what must not run in the middle of a command */
  constructor(options: {
    clients: ClientRegistry;
    stores: StoreRegistry;
    settings: { readonly trackingTableKeyCountMax: number };
    random: Random;
    later: (errand: () => void) => void;
  }) {
    this.clients = options.clients;
    this.stores = options.stores;
    this.settings = options.settings;
    this.later = options.later;
    this.keys = new TrackedKeys(options.random);
    options.stores.onCreated((store) => {
      if (this.sessions.size > 0) store.sink.attach(this);
    });
    options.stores.onDropped((store) => this.forgetStore(store));
  }

  get clientCount(): number {
    return this.sessions.size;
  }
  get keyCount(): number {
    return this.keys.count;
  }
  get itemCount(): number {
    return this.keys.itemCount;
  }
  get prefixCount(): number {
    return this.prefixes.size;
  }
  get heldBytes(): number {
    return this.keys.heldBytes;
  }

  enable(session: Session, options: TrackingOptions): void {
    const state = (session.tracking as TrackingState | null) ?? new TrackingState();
    state.redirectId = options.redirectId;
    state.isBroadcast = options.isBroadcast;
    state.isOptIn = options.isOptIn;
    state.isOptOut = options.isOptOut;
    state.isNoLoop = options.isNoLoop;
    state.isRedirectBroken = false;
    session.tracking = state;
    session.gate |= GATE.TRACKING;
    this.sessions.add(session);
    if (this.sessions.size === 1) {
      for (const store of this.stores) store.sink.attach(this);
    }
    if (!options.isBroadcast) return;
    for (const text of options.prefixes.length === 0 ? [''] : options.prefixes) {
      this.followPrefix(session, state, text);
    }
  }

  disable(session: Session): void {
    const state = session.tracking as TrackingState | null;
    if (state === null) return;
    for (const text of state.prefixes) {
      const prefix = this.prefixes.get(text);
      prefix?.sessions.delete(session);
      if (prefix?.sessions.size === 0) this.prefixes.delete(text);
    }
    session.tracking = null;
    session.gate &= ~GATE.TRACKING;
    this.sessions.delete(session);
    if (this.sessions.size > 0) return;
    // Nobody is left to be told: writers need not build their changes any more.
    for (const store of this.stores) store.sink.detach(this);
    this.keys.clear();
  }

  private followPrefix(session: Session, state: TrackingState, text: string): void {
    let prefix = this.prefixes.get(text);
    if (prefix === undefined) {
      prefix = { text, sessions: new Set(), changes: new Map() };
      this.prefixes.set(text, prefix);
    }
    if (prefix.sessions.has(session)) return;
    prefix.sessions.add(session);
    state.prefixes = [...state.prefixes, text].sort();
  }

  enter(session: Session, command: Command): void {
    const state = session.tracking as TrackingState | null;
    if (state === null) return;
    state.depth++;
    if (command.isScript && state.scriptDepth++ === 0) state.scriptHasRead = false;
  }

  leave(session: Session, frame: Frame, command: Command, entered: SessionTracking): void {
    const state = entered as TrackingState;
    if (command.isScript && --state.scriptDepth === 0) {
      if (state.scriptHasRead) this.remember(session, state, frame, command);
    } else if (command.isRead) {
      if (state.scriptDepth > 0) state.scriptHasRead = true;
      else this.remember(session, state, frame, command);
    }
    if (--state.depth > 0) return;
    if (!isWithinTransaction(session) && !command.isOfClient) state.isCachingChosen = false;
    if (state.pending.length > 0) this.tellPending(session, state);
  }

  refused(session: Session): void {
    const state = session.tracking as TrackingState | null;
    if (state !== null && !isWithinTransaction(session)) state.isCachingChosen = false;
  }

  tellWhatWaits(session: Session): void {
    const state = session.tracking as TrackingState | null;
    if (state === null || state.depth > 0 || state.pending.length === 0) return;
    this.sendPending(session, state);
  }

  private tellPending(session: Session, state: TrackingState): void {
    if (session.running === null) {
      // A silenced client's door drops what stands behind the command: it asks when it has.
      if ((session.gate & GATE.REPLIES_OFF) === 0) this.sendPending(session, state);
    } else if (!state.isFlushAsked) {
      // Tracking began in the middle of EXEC, whose array is not complete yet.
      state.isFlushAsked = true;
      this.later(() => {
        state.isFlushAsked = false;
        this.sendPending(session, state);
      });
    }
  }

  private sendPending(session: Session, state: TrackingState): void {
    const { pending } = state;
    state.pending = [];
    for (const name of pending) this.send(session, state, name === ALL_KEYS ? name : [name]);
  }

  /** The keys that a command of a client in the default mode has read. */
  private remember(session: Session, state: TrackingState, frame: Frame, command: Command): void {
    if (state.isBroadcast || session.tracking !== state) return;
    if (state.isOptIn && !state.isCachingChosen) return;
    if (state.isOptOut && state.isCachingChosen) return;
    const { keys, positions, stores } = this;
    if (session.store !== stores.default) (state.namedStores ??= new Set()).add(session.store);
    const count = findKeyPositions(command.row, frame, positions);
    for (let i = 0; i < count; i++) {
      const arg = positions.positions[i];
      keys.add(frame.view, frame.offsets[arg], frame.lengths[arg], session.id);
    }
    if (this.isOverLimit()) this.forgetSome();
  }

  private isOverLimit(): boolean {
    const limit = this.settings.trackingTableKeyCountMax;
    return limit > 0 && this.keys.count > limit;
  }

  /** Clients cannot be told of what the table has no room for: their copies end now. */
  private forgetSome(): void {
    for (let left = FORGOTTEN_AT_ONCE; left > 0 && this.isOverLimit(); left--) {
      const key = this.keys.choose();
      if (key !== null) this.invalidate(key, true);
    }
    if (this.isOverLimit()) this.later(() => this.forgetSome());
  }

  onEffect(effect: Effect, eventId: number, actorId: number): void {
    const { frame, keyArg } = effect;
    if (keyArg === 0) {
      // As in Redis, SWAPDB tells nobody: names are followed in all databases alike.
      if (!frame.equals(0, 'SWAPDB')) this.invalidateAll();
      return;
    }
    const isByNode = eventId === EVENT.expired || eventId === EVENT.evicted;
    const changerId = isByNode ? 0 : actorId;
    this.change(frame, keyArg, changerId, eventId === EVENT.evicted);
    const { secondKeyArg } = effect;
    if (secondKeyArg !== 0) this.change(frame, secondKeyArg, changerId, false);
  }

  private change(frame: Frame, arg: number, changerId: number, isEvicted: boolean): void {
    if (this.prefixes.size > 0) this.gather(frame, arg, changerId);
    if (this.keys.count === 0) return;
    const key = this.keys.find(frame.view, frame.offsets[arg], frame.lengths[arg]);
    if (key !== null) this.invalidate(key, isEvicted);
  }

  /** @param isUnasked  no doing of the client whose command runs: it must hear of it in any case */
  private invalidate(key: TrackedKey, isUnasked: boolean): void {
    this.keys.remove(key);
    this.invalidateFor(key.clientId, key.name, isUnasked);
    if (key.others === null) return;
    for (const id of key.others) this.invalidateFor(id, key.name, isUnasked);
  }

  private invalidateFor(clientId: number, name: string, isUnasked: boolean): void {
    const session = this.clients.byId(clientId);
    const state = (session?.tracking ?? null) as TrackingState | null;
    if (session === undefined || state === null || state.isBroadcast) return;
    if (!isInCommand(session, state)) this.send(session, state, [name]);
    else if (!state.isNoLoop || isUnasked) state.pending.push(name);
  }

  private invalidateAll(): void {
    this.keys.clear();
    for (const session of this.sessions) this.invalidateAllOf(session);
  }

  private invalidateAllOf(session: Session): void {
    const state = session.tracking as TrackingState;
    if (isInCommand(session, state)) state.pending.push(ALL_KEYS);
    else this.send(session, state, ALL_KEYS);
  }

  /** All keys of the store are gone: who may have copies of some loses all of its copies. */
  private forgetStore(store: Store): void {
    for (const session of this.sessions) {
      const state = session.tracking as TrackingState;
      const hasRead = state.namedStores?.delete(store) === true;
      if (hasRead || state.isBroadcast) this.invalidateAllOf(session);
    }
    store.sink.detach(this);
  }

  private gather(frame: Frame, arg: number, changerId: number): void {
    let name = '';
    for (const prefix of this.prefixes.values()) {
      if (!startsWith(frame, arg, prefix.text)) continue;
      if (name === '') name = frame.latin1(arg);
      prefix.changes.set(name, changerId);
      if (this.isBroadcastAsked) continue;
      this.isBroadcastAsked = true;
      this.later(() => this.broadcast());
    }
  }

  private broadcast(): void {
    this.isBroadcastAsked = false;
    const inOrder = [...this.prefixes.values()].sort((a, b) => (a.text < b.text ? -1 : 1));
    for (const { changes, sessions } of inOrder) {
      if (changes.size === 0) continue;
      const names = [...changes.keys()].sort();
      for (const session of sessions) {
        const state = session.tracking as TrackingState;
        const others = state.isNoLoop
          ? names.filter((name) => changes.get(name) !== session.id)
          : names;
        if (others.length > 0) this.send(session, state, others);
      }
      changes.clear();
    }
  }

  private send(session: Session, state: TrackingState, names: Names): void {
    if (state.redirectId === 0) {
      if (session.protocol === 3) this.push(session, names);
      return;
    }
    if (this.clients.byId(state.redirectId) === undefined) {
      state.isRedirectBroken = true;
      if (session.protocol === 3) this.pushBroken(session, state.redirectId);
      return;
    }
    this.later(() => {
      const receiver = this.clients.byId(state.redirectId);
      if (receiver !== undefined) this.push(receiver, names);
    });
  }

  /** A RESP2 client can be told only as a subscriber; of which channel does not matter. */
  private push(receiver: Session, names: Names): void {
    const { writer } = this;
    writer.protocol = receiver.protocol;
    writer.position = 0;
    if (receiver.protocol === 3) {
      writer.push(2);
      writer.bulkText('invalidate');
    } else {
      if (!isSubscriber(receiver)) return;
      writer.push(3);
      writer.bulkText('message');
      writer.bulkText(INVALIDATION_CHANNEL);
    }
    if (names === ALL_KEYS) {
      writer.null();
    } else {
      writer.array(names.length);
      for (const name of names) writer.bulkLatin1(name);
    }
    receiver.channel?.push(writer.bytes, 0, writer.position);
  }

  private pushBroken(session: Session, redirectId: number): void {
    const { writer } = this;
    writer.protocol = 3;
    writer.position = 0;
    writer.push(2);
    writer.bulkText('tracking-redir-broken');
    writer.integer(redirectId);
    session.channel?.push(writer.bytes, 0, writer.position);
  }
}

function isWithinTransaction(session: Session): boolean {
  return session.transaction !== null || session.running !== null;
}

/** What it is told now would stand in the middle of its reply. */
function isInCommand(session: Session, state: TrackingState): boolean {
  return state.depth > 0 || session.running !== null;
}

function startsWith(frame: Frame, arg: number, text: string): boolean {
  const { bytes } = frame;
  const offset = frame.offsets[arg];
  if (frame.lengths[arg] < text.length) return false;
  for (let i = 0; i < text.length; i++) {
    if (bytes[offset + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}
