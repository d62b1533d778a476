import type { Store } from '../engine/store.ts';

/** Where a store's log stood when a request began. */
export interface SafetyNote {
  /**
   * An answer must not tell of changes that a crash could still take back; see `StoreSafety`.
   * @returns null: nothing to wait for
   */
  whenSafe(): Promise<void> | null;
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
