import { CACHE_ROUTES } from './cache/cache-routes.ts';
import { HEALTH_ROUTES } from './health-routes.ts';
import type { RouteRow } from './route-row.ts';

/** Every route of the HTTP port, in the order of the API description. */
export const ROUTES: readonly RouteRow[] = [...HEALTH_ROUTES, ...CACHE_ROUTES];
