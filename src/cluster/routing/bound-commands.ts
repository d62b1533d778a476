/**
 * Commands of a transaction that work on the client's connection, such as SELECT, CLIENT SETNAME
 * and SUBSCRIBE, where another node runs the transaction. There PING stands in their places; here
 * they run when the reply has come, and theirs take the places of PING's. SELECT runs at both ends:
 * what follows it there is of the database that it chooses.
 */
import type { FastBuffer } from '../../base/fast-buffer.ts';
import { Frame } from '../../base/frame.ts';
import { findCommand, refuseAccess } from '../../commands/acl/enforce.ts';
import { CommandQueue } from '../../commands/command-queue.ts';
import { executeCommand } from '../../commands/execute-command.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import { GATE, type Session, type Transaction } from '../../commands/session.ts';
import { isSubscriber } from '../../commands/subscriber.ts';
import { ReplyReader } from '../../protocol/reply-values.ts';
import { ReplyWriter } from '../../protocol/reply-writer.ts';
import { isBound } from './route.ts';

export class BoundCommands {
  private readonly transaction: Transaction;
  private readonly queue: CommandQueue;
  /** Places in the transaction, rising. */
  private readonly places: readonly number[];

  constructor(transaction: Transaction, queue: CommandQueue, places: readonly number[]) {
    this.transaction = transaction;
    this.queue = queue;
    this.places = places;
  }

  get heldBytes(): number {
    return this.queue.heldBytes;
  }

  /** Runs them, if the transaction has run. @returns the reply to EXEC */
  merge(session: Session, bytes: Uint8Array, start: number, end: number): ReplyWriter {
    const writer = new ReplyWriter(end - start + 1024);
    writer.protocol = session.protocol;
    if (bytes[start] !== STAR || bytes[start + 1] === MINUS) {
      writer.copy(bytes, start, end - start);
      return writer;
    }
    const reply = Buffer.from(bytes.subarray(start, end)) as FastBuffer;
    const reader = new ReplyReader();
    const frame = new Frame();
    const head = reply.indexOf(LF) + 1;
    writer.copy(reply, 0, head);
    session.running = this.transaction;
    let place = 0;
    for (let at = head; at < reply.length; place++) {
      reader.read(reply, at, true);
      if (this.places.includes(place)) {
        this.queue.shift(frame);
        executeCommand(session, frame, writer);
        session.gate &= ~GATE.SUBSCRIBED;
      } else {
        writer.copy(reply, at, reader.position - at);
      }
      at = reader.position;
    }
    session.running = null;
    if (isSubscriber(session)) session.gate |= GATE.SUBSCRIBED;
    return writer;
  }
}

/** A transaction as its owner runs it. */
export interface ParkedTransaction {
  readonly queue: CommandQueue;
  /** Null: none of its commands must run here. */
  readonly bound: BoundCommands | null;
}

/** @returns the text of an error: its user may not do all of it any more */
export function parkTransaction(
  session: Session,
  transaction: Transaction,
): ParkedTransaction | string {
  const { queue } = transaction;
  const frame = new Frame();
  const places: number[] = [];
  const bound = new CommandQueue();
  const parked = new CommandQueue();
  const ping = nameFrame(session.node, 'ping');
  for (let place = 0; queue.shift(frame); place++) {
    const command = findCommand(session, frame);
    if (command !== null && (session.gate & GATE.RESTRICTED) !== 0) {
      const refusal = refuseAccess(session, frame, command);
      if (refusal !== null) return `EXECABORT Transaction discarded because of: ${refusal}`;
    }
    const isKept = command !== null && isBound(command.row, command.fullName);
    if (isKept) {
      bound.append(frame);
      places.push(place);
    }
    parked.append(isKept && command.row.name !== 'select' ? ping : frame);
  }
  const kept = places.length === 0 ? null : new BoundCommands(transaction, bound, places);
  return { queue: parked, bound: kept };
}

/** A command without arguments, as this node calls it. */
export function nameFrame({ table }: NodeServices, name: string): Frame {
  const command = table.commands.find(({ row }) => row.name === name);
  const bytes = command === undefined ? Buffer.from(name) : command.nameBytes;
  const frame = new Frame();
  frame.attach(bytes);
  frame.append(0, bytes.length);
  return frame;
}

const STAR = 42;
const MINUS = 45;
const LF = 10;
