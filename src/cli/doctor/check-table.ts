import type { CheckRow } from './check-row.ts';
import { CLUSTER_CHECKS } from './checks/cluster-checks.ts';
import { DISK_CHECKS } from './checks/disk-checks.ts';
import { MACHINE_CHECKS } from './checks/machine-checks.ts';
import { NODE_CHECKS } from './checks/node-checks.ts';
import { SETTING_CHECKS } from './checks/setting-checks.ts';
import { START_CHECKS } from './checks/start-checks.ts';

/** All that the doctor looks at, in the order in which it does. */
export const CHECKS: readonly CheckRow[] = [
  ...SETTING_CHECKS,
  ...MACHINE_CHECKS,
  ...DISK_CHECKS,
  ...START_CHECKS,
  ...NODE_CHECKS,
  ...CLUSTER_CHECKS,
];
