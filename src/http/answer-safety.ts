import { LIMITS } from '../base/limits.ts';
import type { ClusterService } from '../commands/cluster-service.ts';
import { GATE, type Session } from '../commands/session.ts';
import type { Store } from '../engine/store.ts';

/** Where a store's log stood when a request began. */
export interface SafetyNote {
  /**
   * An answer must not tell of changes that a crash could still take back; see `StoreSafety`.
   * @returns null: nothing to wait for
   */
  whenSafe(): Promise<void> | null;
}

/** Resolves when another node has what the session wrote, or false when none has it in time. */
export function whenReplicated(cluster: ClusterService, session: Session): Promise<boolean> {
  const position = cluster.positionOf(session);
  const isAcknowledged = () => cluster.acknowledgedCount(session, position) > 0;
  const isAlone = (session.gate & GATE.ROUTED) === 0;
  if (isAlone || isAcknowledged()) return Promise.resolve(!isAlone);
  return new Promise((resolve) => {
    cluster.whenAcknowledged(session, position, {
      nodeCount: 1,
      timeoutMs: LIMITS.httpReplicatedMs,
      done: () => resolve(isAcknowledged()),
    });
  });
}

/** @returns null: the store keeps no log */
export function noteSafety({ safety }: Store): SafetyNote | null {
  if (safety === null) return null;
  const positionBefore = safety.position;
  return {
    whenSafe: () => {
      const { position } = safety;
      if (position <= safety.safePosition) return null;
      return safety.whenSafe(position, position > positionBefore);
    },
  };
}
