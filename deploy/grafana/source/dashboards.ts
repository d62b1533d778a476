import { buildDashboard } from './build-dashboard.ts';
import { CLUSTER } from './cluster.ts';
import { LOGS } from './logs.ts';
import { OVERVIEW } from './overview.ts';
import { PERFORMANCE } from './performance.ts';
import { PERSISTENCE } from './persistence.ts';
import { STORES } from './stores.ts';

/** Name of the file -> what Grafana reads. */
export function dashboardFiles(): Record<string, string> {
  const sources = [OVERVIEW, PERFORMANCE, STORES, CLUSTER, PERSISTENCE, LOGS];
  return Object.fromEntries(
    sources.map((source) => {
      return [`${source.uid}.json`, `${JSON.stringify(buildDashboard(source), null, 2)}\n`];
    }),
  );
}
