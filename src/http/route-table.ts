import { BACKUP_ROUTES } from './admin/backup-routes.ts';
import { CLUSTER_ROUTES } from './admin/cluster-routes.ts';
import { CONFIG_ROUTES } from './admin/config-routes.ts';
import { FILTER_ROUTES } from './admin/filter-routes.ts';
import { NODE_ROUTES } from './admin/node-routes.ts';
import { PERSISTENCE_ROUTES } from './admin/persistence-routes.ts';
import { STORE_ROUTES } from './admin/store-routes.ts';
import { CACHE_ROUTES } from './cache/cache-routes.ts';
import { createDocsRoutes } from './docs-page/docs-routes.ts';
import { HEALTH_ROUTES } from './health/health-routes.ts';
import { METRICS_ROUTES } from './metrics/metrics-route.ts';
import { COMMAND_ROUTES } from './page/command-routes.ts';
import { EVENT_ROUTES } from './page/event-routes.ts';
import { PAGE_ROUTES } from './page/page-routes.ts';
import type { RouteRow } from './route-row.ts';

/** Every route of the HTTP port, in the order of the API description. */
export const ROUTES: readonly RouteRow[] = [
  ...HEALTH_ROUTES,
  ...CACHE_ROUTES,
  ...STORE_ROUTES,
  ...FILTER_ROUTES,
  ...NODE_ROUTES,
  ...CLUSTER_ROUTES,
  ...PERSISTENCE_ROUTES,
  ...BACKUP_ROUTES,
  ...CONFIG_ROUTES,
  ...METRICS_ROUTES,
  ...COMMAND_ROUTES,
  ...EVENT_ROUTES,
  ...PAGE_ROUTES,
  ...createDocsRoutes(() => ROUTES),
];
