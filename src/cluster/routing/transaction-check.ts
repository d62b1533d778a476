import { Frame } from '../../base/frame.ts';
import { findCommand, refuseAccess } from '../../commands/acl/enforce.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import { GATE, type Session, type Transaction } from '../../commands/session.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import { isBound } from './route.ts';

/**
 * What keeps a transaction from being run by another node: a command in it that works on the
 * client's connection, or one that its user may run no more.
 * @returns the error's text, or null when nothing does
 */
export function isBoundWithin(session: Session, transaction: Transaction): string | null {
  const { queue } = transaction;
  const frame = new Frame();
  while (queue.shift(frame)) {
    const command = findCommand(session, frame);
    if (command === null) continue;
    if (isBound(command.row, command.fullName)) {
      return ERRORS.boundInTransaction.text;
    }
    if ((session.gate & GATE.RESTRICTED) === 0) continue;
    const refusal = refuseAccess(session, frame, command);
    if (refusal !== null) return `EXECABORT Transaction discarded because of: ${refusal}`;
  }
  queue.rewind();
  return null;
}

/** UNWATCH, as this node calls it. */
export function unwatchFrame({ table }: NodeServices): Frame {
  const unwatch = table.commands.find(({ row }) => row.name === 'unwatch');
  const name = unwatch === undefined ? Buffer.from('unwatch') : unwatch.nameBytes;
  const frame = new Frame();
  frame.attach(name);
  frame.append(0, name.length);
  return frame;
}
