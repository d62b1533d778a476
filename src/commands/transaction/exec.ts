import { Frame } from '../../base/frame.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { CommandRow } from '../command-row.ts';
import { endTransaction } from '../end-transaction.ts';
import { executeCommand } from '../execute-command.ts';
import { GATE, type Session, type Transaction } from '../session.ts';
import { isSubscriber } from '../subscriber.ts';

export const execCommand: CommandRow = {
  name: 'exec',
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'skip_slowlog'],
  group: 'transactions',
  since: '1.2.0',
  complexity: 'Depends on commands in the transaction',
  summary: 'Run the queued commands, unless a watched key has changed',
  syntax: '',
  execute(session, _frame, reply) {
    const { transaction } = session;
    if (transaction === null) {
      reply.errorText('ERR EXEC without MULTI');
      return;
    }
    const isUnchanged = session.node.watches.isUnchanged(session);
    endTransaction(session);
    if (transaction.isBroken) {
      reply.errorText('EXECABORT Transaction discarded because of previous errors.');
    } else if (!isUnchanged) {
      reply.nullArray();
    } else {
      runQueue(session, transaction, reply);
    }
  },
};

/** A command that fails answers with its error; those behind it run all the same. */
function runQueue(session: Session, transaction: Transaction, reply: ReplyWriter): void {
  const { queue } = transaction;
  // The frame EXEC came in is still needed by the door.
  const frame = new Frame();
  reply.array(queue.count);
  session.running = transaction;
  const { sink } = session.store;
  sink.beginGroup();
  while (queue.shift(frame)) {
    transaction.isLastDenied = false;
    executeCommand(session, frame, reply);
    // A SUBSCRIBE among them restricts what comes after EXEC, not what stands in the queue.
    session.gate &= ~GATE.SUBSCRIBED;
  }
  sink.endGroup();
  session.running = null;
  if (transaction.isLastDenied) countFailure(session);
  session.lastCommand = 'exec';
  if (isSubscriber(session)) session.gate |= GATE.SUBSCRIBED;
}

/** As redis-server counts: a refusal that no command came after is EXEC's own failure. */
function countFailure({ node }: Session): void {
  const command = node.table.commands.find(({ row }) => row === execCommand);
  if (command !== undefined) command.failedCalls++;
}
