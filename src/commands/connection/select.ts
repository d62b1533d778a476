import type { Frame } from '../../base/frame.ts';
import { echoed } from '../../protocol/error-echo.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { CommandRow } from '../command-row.ts';
import { integer64Argument } from '../integer-argument.ts';
import { refuseStore } from '../login.ts';
import { enterStore, type Session } from '../session.ts';

const INT32_MAX = 2n ** 31n - 1n;
const INT32_MIN = -(2n ** 31n);

/** A number is always a database of the default store; a name is a store. */
export const selectCommand: CommandRow = {
  name: 'select',
  arity: 2,
  flags: ['loading', 'stale', 'fast'],
  group: 'connection',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Choose the database, or the named store, that the following commands work on',
  syntax: '<index | store>',
  /** What EXEC runs is one change of one store. */
  refuseQueued(session, frame) {
    const { stores } = session.node;
    const store = findStore(session, frame);
    if (store === session.store || (store === null && session.store === stores.default))
      return null;
    return ERRORS.storeInTransaction.text;
  },
  execute(session, frame, reply) {
    const { stores } = session.node;
    const index = integer64Argument(frame, 1);
    const store = findStore(session, frame);
    if (store === null) return refuseName(session, frame, reply);
    if (index !== null && (index > INT32_MAX || index < INT32_MIN)) {
      return reply.error(ERRORS.notInt32);
    }
    if (index !== null && (index < 0n || index >= stores.default.databases.length)) {
      return reply.error(ERRORS.databaseOutOfRange);
    }
    if (store !== session.store && session.isInScript) return reply.error(ERRORS.storeInScript);
    const refusal = refuseStore(session, store);
    if (refusal !== null) return reply.errorLatin1(refusal);
    enterStore(session, store, Number(index ?? 0));
    reply.ok();
  },
};

/** The store that argument 1 means; null when it is no number and no store's name. */
function findStore({ node }: Session, frame: Frame) {
  const { stores } = node;
  return integer64Argument(frame, 1) === null ? stores.find(frame.latin1(1)) : stores.default;
}

/** Where there are no named stores the argument can only have been meant as Redis takes it. */
function refuseName({ node }: Session, frame: Frame, reply: ReplyWriter): void {
  if (node.stores.named.length === 0) reply.error(ERRORS.notInteger);
  else reply.errorLatin1(`NOSTORE There is no store named '${echoed(frame, 1)}'`);
}
