import { GATE, type Session } from '../commands/session.ts';

/** Replies of other nodes are to come. */
export function isAwaiting({ gate }: Session): boolean {
  return (gate & GATE.AWAITING) !== 0;
}

/** Memory of commands that are not executed yet, or not answered. */
export function waitingBytes({ blocked, forwarding, transaction }: Session): number {
  const queueBytes = transaction?.queue.heldBytes ?? 0;
  return queueBytes + (blocked?.heldBytes ?? 0) + (forwarding?.heldBytes ?? 0);
}

/** The client waits in a blocking command, and is about to be gone: it gets no reply. */
export function forgetWait(session: Session): void {
  session.node.blocking.forget(session);
  session.node.cluster.forget(session);
}
