import type { Frame } from '../base/frame.ts';
import type { Database } from '../engine/database.ts';
import type { Store } from '../engine/store.ts';
import { STORE_STAT } from '../engine/store-stats.ts';
import { type CommandHints, warmAhead } from '../engine/warm-ahead.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import type { User } from './acl/user.ts';
import type { CommandQueue } from './command-queue.ts';
import type { NodeServices } from './node-services.ts';

/** Reasons for the door to look closer before it runs a command. All clear: nothing to check. */
export const GATE = {
  /** A password is set and this client has not given it. */
  LOGIN_REQUIRED: 1,
  /** Between MULTI and EXEC. */
  IN_TRANSACTION: 2,
  /** A RESP2 client with subscriptions may only manage them. */
  SUBSCRIBED: 4,
  /** Some client runs MONITOR. */
  MONITORED: 8,
  /** CLIENT REPLY OFF or SKIP. */
  REPLIES_OFF: 16,
  /** CLIENT PAUSE holds commands. */
  PAUSED: 32,
  /** Data is being loaded. */
  LOADING: 64,
  /** Nothing more is read from this client; it is closed after its replies. */
  CLOSING: 128,
  /** A command of this client waits to be run again. */
  POSTPONED: 256,
  /** CLIENT TRACKING ON. */
  TRACKING: 4096,
  /** A command of this client waits for a key, or for time to pass. */
  BLOCKED: 512,
  /** The user may not do everything: its rules are asked at every command. */
  RESTRICTED: 8192,
  /** A script has run for so long that others are told so. */
  BUSY: 16384,
  /** Debug lines are on: each command has one. */
  TRACED: 32768,
  /** The store it stands in was dropped, or its user may not use it: no command on keys runs. */
  STORE_BARRED: 65536,
  /** The store it stands in cannot be kept on disk at present: writes are refused. */
  STORE_UNSAFE: 131072,
  /** It came by the port that tells clients of the owner of their key. */
  REDIRECTED: 262144,
  /** Other nodes of the cluster are known: the command may have to run at another one. */
  ROUTED: 524288,
  /** Replies of other nodes are to come: what this node answers stands behind them. */
  AWAITING: 1048576,
} as const;

/**
 * Who is talking and what was agreed with them: one per connection, one per embedded handle. State
 * that only some clients need (transaction, subscriptions) is null until it is needed, so that an
 * idle connection costs little.
 */
export class Session {
  readonly id: number;
  readonly node: NodeServices;
  store: Store;
  database: Database;
  /** Bits of GATE. */
  gate = 0;
  protocol: 2 | 3 = 2;
  /** CLIENT SETNAME. */
  name = '';
  libraryName = '';
  libraryVersion = '';
  /** In every log line about what this session asks for; '' = none. CLIENT CORRELATION, HTTP. */
  correlationId = '';
  /** Null: the program that embeds the node, which may do everything. */
  user: User | null;
  /** Has logged in, or never had to. */
  isAuthenticated: boolean;
  readonly createdMs: number;
  lastCommandMs: number;
  /** Full name of the last command, `client|list` for a subcommand; '' before the first. */
  lastCommand = '';
  transaction: Transaction | null = null;
  /** Keys watched by this session; null when none. */
  watched: WatchedKeys | null = null;
  subscriptions: Subscriptions | null = null;
  isMonitor = false;
  /** Null while CLIENT TRACKING is OFF. */
  tracking: SessionTracking | null = null;
  /**
   * What EXEC runs now; null outside of it. Within, every command answers at once: nothing is
   * postponed, nothing blocks.
   */
  running: Transaction | null = null;
  /** A script runs commands as this session. */
  isInScript = false;
  /** A login held back by LoginDelays may be tried from then on; 0 = none is held. */
  loginDueMs = 0;
  /** What the first run of the command that waits now took. */
  blockedUs = 0;
  /** SET takes JSON: HTTP requests, and what applies effects. */
  marksJson = false;
  /** The command that runs answers for the keys of these slots alone; null: for all. */
  onlySlots: SlotFilter | null = null;
  isEvictable = true;
  touchesKeys = true;
  /** Stores that it has left since its last reply: they may hold changes that it made. */
  readonly storesLeft: NonNullable<Store['safety']>[] = [];
  /** The command it waits in; null when in none. */
  blocked: BlockedCommand | null = null;
  /** Null unless it is one with GATE.REDIRECTED. */
  slots: SlotMode | null = null;
  /** Its commands that other nodes execute; null before the first. */
  forwarding: Forwarding | null = null;
  /** What the command that it runs, should it wait, has waited at another node; ms. */
  waitedMs = 0;
  /** The socket's side; null for the embedded API. */
  readonly channel: ClientChannel | null;

  constructor(options: {
    id: number;
    node: NodeServices;
    store: Store;
    channel: ClientChannel | null;
    nowMs: number;
  }) {
    this.id = options.id;
    this.node = options.node;
    this.store = options.store;
    this.database = options.store.databases[0];
    this.channel = options.channel;
    this.createdMs = options.nowMs;
    this.lastCommandMs = options.nowMs;
    this.user = options.channel === null ? null : options.node.access.defaultUser;
    this.isAuthenticated = this.user === null || !options.node.access.needsLogin;
    settleLogin(this);
  }

  get userName(): string {
    return this.user === null ? 'default' : this.user.name;
  }

  /** False within EXEC and within scripts. */
  get mayWait(): boolean {
    return this.running === null && !this.isInScript;
  }

  /** Has the memory fetched that the commands to come will read; false: there is none to fetch. */
  warm(bytes: Uint8Array, view: DataView, hints: CommandHints): boolean {
    return warmAhead(this.database, bytes, view, hints, this.node.table.lastFound.namesBounds);
  }

  get databaseIndex(): number {
    return this.database.index;
  }

  /** Changes made to the selected store so far, by whomever. */
  get changeCount(): number {
    return this.store.stats[STORE_STAT.CHANGES];
  }
}

/** Sets the bits of the gate that follow from the user, its rules and the login. */
export function settleLogin(session: Session): void {
  const { user, node } = session;
  session.gate &= ~(GATE.LOGIN_REQUIRED | GATE.RESTRICTED);
  settleStore(session);
  if (user === null) return;
  if (!session.isAuthenticated && node.access.needsLogin) session.gate |= GATE.LOGIN_REQUIRED;
  if (!user.isUnrestricted) session.gate |= GATE.RESTRICTED;
}

/** It came by a port where clients are told of the owner of their key. */
export function beRedirected(session: Session): void {
  session.slots = { isReadonly: false, isAsking: false, queuedSlot: -1 };
  session.gate |= GATE.REDIRECTED;
}

/** Sets the bits of the gate that follow from the store and the user's right to use it. */
export function settleStore(session: Session): void {
  const { store, user } = session;
  const isOpen = !store.isDropped && (user === null || user.mayUseStore(store.name));
  if (isOpen) session.gate &= ~GATE.STORE_BARRED;
  else session.gate |= GATE.STORE_BARRED;
  if (session.node.persistence.refusalOf(store) === null) session.gate &= ~GATE.STORE_UNSAFE;
  else session.gate |= GATE.STORE_UNSAFE;
}

/** The session's commands work on that store from now on. Who may not use it is barred there. */
export function enterStore(session: Session, store: Store, databaseIndex = 0): void {
  if (session.store !== store) noteStoreLeft(session, session.store);
  session.store = store;
  session.database = store.databases[databaseIndex];
  settleStore(session);
}

/** Its next reply may tell of a change of that store, which it does not stand in any more. */
export function noteStoreLeft(session: Session, { safety }: Store): void {
  if (safety === null || safety.position <= safety.safePosition) return;
  if (!session.storesLeft.includes(safety)) session.storesLeft.push(safety);
}

/** What a command may ask of the connection it came by. Implemented in `server/`. */
export interface ClientChannel {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly fileDescriptor: number;
  /** Bytes that wait to be parsed, and bytes that wait to be sent. */
  readonly queryBytes: number;
  readonly outputBytes: number;
  readonly isTls: boolean;
  /** Replies of other nodes may come to it later: it implements `answerForwarded`. */
  readonly isPatient: boolean;
  /** Sends encoded RESP outside of the request-reply order, after what is queued. Copies. */
  push(bytes: Uint8Array, start: number, end: number): void;
  /**
   * Keeps a copy of the command and stops executing for this client; at `untilMs`, or when CLIENT
   * PAUSE ends before, the command is run from its beginning. It must have written no reply.
   */
  postpone(frame: Frame, untilMs: number): void;
  /** The reason to wait is gone. */
  resumePostponed(): void;
  /**
   * The command that its client was blocked in has come to its reply: sends it, and executes what
   * was received meanwhile. Copies.
   */
  answerBlocked(bytes: Uint8Array, start: number, end: number): void;
  /**
   * The reply of another node, or what stood behind it. Copies.
   * @param isLast  no more replies are to come: the client's commands need not wait for them
   */
  answerForwarded(bytes: Uint8Array, start: number, end: number, isLast: boolean): void;
  /** A command of ours failed when it was run again. */
  failBlocked(error: unknown, hasChanged: boolean): void;
  closeAfterReplies(): void;
  /** Closes at once; replies that are not sent are lost. */
  close(): void;
  /** CLIENT REPLY. */
  replyMode: 'on' | 'off' | 'skip' | 'skip-next';
}

/** Between MULTI and EXEC. */
export interface Transaction {
  /** A command was refused while queueing: EXEC must answer EXECABORT. */
  isBroken: boolean;
  /** What the queued commands are, for the checks that EXEC itself passes (OOM, pause). */
  hasWrite: boolean;
  hasDenyOom: boolean;
  /** While EXEC runs: its user was no longer allowed what it came to last. */
  isLastDenied: boolean;
  /** Copies of the queued commands. */
  readonly queue: CommandQueue;
}

/** Commands of one session that other nodes execute, in the order of their replies. */
export interface Forwarding {
  /** Replies that are to come, those of this node that stand behind them aside. */
  readonly pendingCount: number;
  /** Memory held meanwhile. */
  readonly heldBytes: number;
  /** Takes what was written from `mark` on out of the writer: it is sent in its turn. */
  takeReply(reply: ReplyWriter, mark: number): void;
}

/** Slots of the cluster. */
export interface SlotFilter {
  has(slot: number): boolean;
  each(visit: (slot: number) => void): void;
}

/** A client that waits in a blocking command; see `blocking/`. */
export interface BlockedCommand {
  /** Memory held meanwhile. */
  readonly heldBytes: number;
}

/** What a client of a cluster told of how it wants to be redirected. */
export interface SlotMode {
  /** READONLY: its reads may be answered by any node that holds the slot. */
  isReadonly: boolean;
  /** ASKING: of the next command. */
  isAsking: boolean;
  /** Slot of what is queued since MULTI; -1: none yet, -2: several. */
  queuedSlot: number;
}

/** What CLIENT TRACKING ON was told. */
export interface SessionTracking {
  /** The client that hears of the changes instead; 0 when it is this one. */
  readonly redirectId: number;
  readonly isRedirectBroken: boolean;
  readonly isBroadcast: boolean;
  readonly isOptIn: boolean;
  readonly isOptOut: boolean;
  readonly isNoLoop: boolean;
  /** CLIENT CACHING: the next command, or the transaction that follows, is an exception. */
  isCachingChosen: boolean;
  /** In order, one char a byte. */
  readonly prefixes: readonly string[];
}

export interface WatchedKeys {
  /** A watched key changed since WATCH: EXEC must answer null. */
  isDirty: boolean;
  readonly count: number;
}

export interface Subscriptions {
  readonly channelCount: number;
  readonly patternCount: number;
  readonly shardChannelCount: number;
}
