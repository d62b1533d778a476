import type { Configuration } from '../base/configuration.ts';
import type { PersistenceConfiguration } from '../base/configuration-sections.ts';
import { defaultPersistence } from '../base/configuration-sections.ts';
import type { PersistenceFacts } from '../commands/persistence-service.ts';
import type { Store } from '../engine/store.ts';

/** What of a store is kept, by the settings as they are now. */
export interface StorePlan {
  readonly strategy: PersistenceFacts['strategy'];
  readonly hasLog: boolean;
  /** None: snapshots are written when somebody asks for one. */
  readonly savePoints: PersistenceConfiguration['savePoints'];
  /** What is looked for at the start. */
  readonly loads: 'log' | 'any' | 'snapshot' | 'nothing';
}

const NOTHING: StorePlan = { strategy: 'none', hasLog: false, savePoints: [], loads: 'nothing' };

/** A named store is kept as it was told to be, or as the node; nothing is where the node is off. */
export function storePlan(store: Store, { persistence }: Configuration): StorePlan {
  const { appendOnly, enabled, savePoints } = persistence;
  if (!enabled) return NOTHING;
  const own = store.name === 'default' ? null : store.configuration.persistence;
  if (own === 'none') return NOTHING;
  if (own === null) {
    const hasSnapshots = savePoints.length > 0;
    const logged = appendOnly ? (hasSnapshots ? 'hybrid' : 'aof') : 'snapshot';
    return { strategy: logged, hasLog: appendOnly, savePoints, loads: appendOnly ? 'log' : 'any' };
  }
  const hasSnapshots = own !== 'aof';
  const usual = savePoints.length > 0 ? savePoints : defaultPersistence().savePoints;
  return {
    strategy: own,
    hasLog: own !== 'snapshot',
    savePoints: hasSnapshots ? usual : [],
    loads: own === 'snapshot' ? 'any' : 'log',
  };
}
