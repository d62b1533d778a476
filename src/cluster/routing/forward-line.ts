/**
 * The replies that one client waits for, in the order of its commands, while another node executes
 * some of them:
 *
 *     head                                    tail
 *     SET -> n2, sent | SET -> n2, sent | "QUEUED" of this node | EXEC -> n2, sent
 *
 * A reply that comes for the first entry goes to the client as it is; one that comes early, from
 * another owner, is kept. The commands are kept as well, for an owner may hand one back.
 */
import { Frame } from '../../base/frame.ts';
import { LIMITS } from '../../base/limits.ts';
import type { CommandQueue } from '../../commands/command-queue.ts';
import type { Forwarding, Session } from '../../commands/session.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { CommandBuffer, CommandCursor } from './command-buffer.ts';
import { LineEntry, STATE } from './line-entry.ts';
import type { Part, PartedCommand } from './slots/parted-command.ts';
import { NO_SLOT } from './slots/slot-routes.ts';

/** What an owner was told of the client: it is told again when it changes, or its link was lost. */
export interface ToldContext {
  linkCount: number;
  storeName: string;
  databaseIndex: number;
  flags: number;
  user: Session['user'];
  userRevision: number;
  clientName: string;
  correlationId: string;
}

export class ForwardLine implements Forwarding {
  readonly session: Session;
  commands = new CommandBuffer();
  /** By node. */
  readonly told = new Map<string, ToldContext>();
  /** Replies of other nodes that are to come. */
  pendingCount = 0;
  /** Of those, commands that a node has. */
  sentCount = 0;
  /** Commands handed back begin a new round: what an owner still holds of the last it refuses. */
  round = 0;
  /** Something was handed back: nothing is sent until all that was sent is answered. */
  isDraining = false;
  /** Of the table when the commands that are under way were sent, and where to. */
  tableVersion = 0;
  target = '';
  /** It stands in the forwarder's list of those that have something to send. */
  isDirty = false;
  /** A command of its client was postponed until there is room. */
  wantsRoom = false;
  /** The node that watches keys for it, and how often links with it had come up then. */
  watch: { readonly target: string; readonly linkCount: number } | null = null;
  /** Of the keys that some node is to watch for it. */
  watchedSlot: number = NO_SLOT;
  /** Of the last write that another node was asked for. */
  writtenSlot: number = NO_SLOT;
  private keptBytes = 0;
  /** Entries before it were sent, or need not be. */
  private nextUnsent = 0;
  private readonly entries: LineEntry[] = [];
  private readonly spare: LineEntry[] = [];
  /** Number of the first entry; numbers are never used twice. */
  private firstNumber = 1;

  constructor(session: Session) {
    this.session = session;
  }

  get heldBytes(): number {
    return this.commands.bytes.length + this.keptBytes;
  }

  get count(): number {
    return this.entries.length;
  }

  get isFull(): boolean {
    return this.isBeyond(LIMITS.forwardedCountMax, LIMITS.forwardedBytesMax);
  }

  /** A client that waits for room is woken while the owner still has something to do. */
  get isRoomy(): boolean {
    return !this.isBeyond(LIMITS.forwardedCountMax / 2, LIMITS.forwardedBytesMax / 2);
  }

  numberOf(index: number): number {
    return this.firstNumber + index;
  }

  at(index: number): LineEntry {
    return this.entries[index];
  }

  /** Null: it was answered already. */
  find(number: number): LineEntry | null {
    return this.entries[number - this.firstNumber] ?? null;
  }

  /** Index of the first command that no node has; -1 when all have one. */
  findUnsent(): number {
    const { entries } = this;
    while (this.nextUnsent < entries.length) {
      if (entries[this.nextUnsent].state === STATE.UNSENT) return this.nextUnsent;
      this.nextUnsent++;
    }
    return -1;
  }

  /** The command in `frame`, or a whole transaction, is to be executed by another node. */
  append(frame: Frame, transaction: CommandQueue | null, nowMs: number): LineEntry {
    const entry = this.add();
    if (transaction === null) this.commands.append(frame);
    else this.commands.appendTransaction(transaction, new Frame());
    this.open(entry, nowMs);
    return entry;
  }

  /** A part of a command of several owners. */
  appendPart(whole: PartedCommand, part: Part, isLast: boolean, nowMs: number): LineEntry {
    const { frame, index, isOrdered, slot, slots } = part;
    const entry = this.add();
    if (frame === null) this.commands.appendFence();
    else if (slots === null) this.commands.append(frame);
    else this.commands.appendPart(slots, frame);
    this.open(entry, nowMs);
    entry.slot = slot;
    entry.isOrdered = isOrdered;
    entry.part = { whole, index, isLast, slots };
    return entry;
  }

  /**
   * Parts that have several owners by now are taken apart. Nothing of the line may be under way:
   * all that stand in it get new numbers.
   */
  regroup(): void {
    if (!this.entries.some(({ part, state }) => part !== null && state === STATE.UNSENT)) return;
    const { commands } = this;
    const entries = this.entries.splice(0);
    this.commands = new CommandBuffer();
    this.firstNumber += entries.length;
    this.nextUnsent = 0;
    for (const entry of entries) {
      const pieces = regroup(entry, commands);
      if (pieces === null) this.move(entry, commands);
      else this.replace(entry, pieces);
    }
  }

  /** That node may know another context than it was told. */
  tellAgain(target: string): void {
    const told = this.told.get(target);
    if (told !== undefined) told.linkCount = NEVER;
  }

  takeReply(reply: ReplyWriter, mark: number): void {
    const entry = this.add();
    entry.state = STATE.ANSWERED;
    entry.reply = reply.bytes.slice(mark, reply.position);
    this.keptBytes += entry.reply.length;
    reply.position = mark;
  }

  /** The node that has the last command; '' when none has it. */
  get lastTarget(): string {
    const { entries } = this;
    const last = entries[entries.length - 1];
    return last !== undefined && last.state === STATE.SENT ? last.target : '';
  }

  markSent(index: number, target: string, nowMs: number): void {
    const entry = this.entries[index];
    entry.state = STATE.SENT;
    entry.target = target;
    entry.sentMs = nowMs;
    this.sentCount++;
    this.nextUnsent = index + 1;
  }

  /** Its node has it no more. */
  markUnsent(entry: LineEntry, nowMs: number): void {
    // One that has waited for a key may have done so for hours.
    if (nowMs - entry.sentMs > LIMITS.forwardMsMax) entry.unsentMs = nowMs;
    entry.state = STATE.UNSENT;
    this.sentCount--;
    this.nextUnsent = 0;
  }

  /**
   * @param reply  copied, unless its command is the first in the line
   * @returns      whether it is: then it has left the line, and the reply is to be sent
   */
  answer(entry: LineEntry, reply: Uint8Array, start: number, end: number): boolean {
    if (entry.state === STATE.SENT) this.sentCount--;
    this.pendingCount--;
    if (entry === this.entries[0]) {
      this.removeFirst();
      this.giveBack(entry);
      return true;
    }
    entry.state = STATE.ANSWERED;
    entry.reply = reply.slice(start, end);
    this.keptBytes += end - start;
    return false;
  }

  /** The first reply, when it is there, is taken out of the line. */
  takeFirst(): LineEntry | null {
    const { entries } = this;
    if (entries.length === 0 || entries[0].state !== STATE.ANSWERED) return null;
    const [entry] = entries;
    this.keptBytes -= entry.reply?.length ?? 0;
    this.removeFirst();
    return entry;
  }

  /** The client is gone. */
  clear(): void {
    this.firstNumber += this.entries.length;
    this.entries.length = 0;
    this.commands.clear();
    this.pendingCount = 0;
    this.sentCount = 0;
    this.nextUnsent = 0;
    this.keptBytes = 0;
    this.isDraining = false;
  }

  /** An entry that `takeFirst` gave is not used any more. */
  giveBack(entry: LineEntry): void {
    entry.reply = null;
    if (this.spare.length < SPARE_COUNT_MAX) this.spare.push(entry);
  }

  private replace(entry: LineEntry, pieces: readonly Part[]): void {
    const { part } = entry;
    if (part === null) return;
    this.pendingCount--;
    for (const [i, piece] of pieces.entries()) {
      const isLast = part.isLast && i === pieces.length - 1;
      const made = this.appendPart(part.whole, piece, isLast, entry.unsentMs);
      made.sinceMs = entry.sinceMs;
      made.route = entry.route;
      made.storeName = entry.storeName;
      made.isSilent = entry.isSilent;
      made.isRepeatable = entry.isRepeatable;
    }
  }

  private move(entry: LineEntry, { bytes }: CommandBuffer): void {
    const start = this.commands.byteCount;
    this.commands.appendRaw(bytes, entry.start, entry.end);
    entry.start = start;
    entry.end = this.commands.byteCount;
    this.entries.push(entry);
  }

  /** Its command was written to the buffer's end. */
  private open(entry: LineEntry, nowMs: number): void {
    entry.state = STATE.UNSENT;
    entry.end = this.commands.byteCount;
    entry.sinceMs = nowMs;
    entry.unsentMs = nowMs;
    this.pendingCount++;
  }

  private add(): LineEntry {
    const entry = this.spare.pop() ?? new LineEntry();
    entry.isSilent = false;
    entry.isBlocking = false;
    entry.isRepeatable = false;
    entry.isWatched = false;
    entry.bound = null;
    entry.slot = NO_SLOT;
    entry.part = null;
    entry.isOrdered = false;
    entry.target = '';
    entry.reply = null;
    const { byteCount } = this.commands;
    entry.start = byteCount;
    entry.end = byteCount;
    this.entries.push(entry);
    return entry;
  }

  private removeFirst(): void {
    const { commands, entries } = this;
    entries.shift();
    this.firstNumber++;
    if (this.nextUnsent > 0) this.nextUnsent--;
    if (entries.length === 0) {
      commands.clear();
      this.nextUnsent = 0;
      return;
    }
    const { start } = entries[0];
    if (start < LIMITS.forwardedBytesMax) return;
    commands.shift(start);
    for (const entry of entries) {
      entry.start -= start;
      entry.end -= start;
    }
  }

  private isBeyond(count: number, byteCount: number): boolean {
    const { entries } = this;
    if (entries.length === 0) return false;
    return entries.length > count || this.commands.byteCount - entries[0].start > byteCount;
  }
}

/** @returns what a part becomes; null: it stays as it is */
function regroup(entry: LineEntry, { bytes }: CommandBuffer): readonly Part[] | null {
  if (entry.part === null || entry.state !== STATE.UNSENT) return null;
  const frame = new Frame();
  const cursor = new CommandCursor();
  cursor.open(frame, bytes, entry.start, entry.end);
  cursor.next(frame);
  return entry.part.whole.regroup(entry.part, frame);
}

/** No link has come up so often. */
const NEVER = -1;
const SPARE_COUNT_MAX = 32;
