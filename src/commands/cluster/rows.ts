import type { CommandRow } from '../command-row.ts';
import { clusterCommand } from './cluster.ts';
import { askingCommand, readonlyCommand, readwriteCommand } from './redirect-mode.ts';

/** What clients and tools of Redis Cluster ask. */
export const CLUSTER_COMMANDS: readonly CommandRow[] = [
  clusterCommand,
  askingCommand,
  readonlyCommand,
  readwriteCommand,
];
