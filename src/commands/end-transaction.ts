import { GATE, type Session } from './session.ts';

/** No transaction and no watched keys any more. */
export function endTransaction(session: Session): void {
  session.transaction = null;
  session.gate &= ~GATE.IN_TRANSACTION;
  session.node.watches.unwatch(session);
}
