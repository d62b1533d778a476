import type { RouteRow } from '../route-row.ts';

export const CACHE_ROUTES: readonly RouteRow[] = [];
