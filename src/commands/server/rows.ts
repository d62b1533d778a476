import type { CommandRow } from '../command-row.ts';
import { configCommand } from './config.ts';
import { debugCommand } from './debug/debug.ts';
import { dbsizeCommand, flushallCommand, flushdbCommand, swapdbCommand } from './flush.ts';
import { infoCommand } from './info.ts';
import { roleCommand } from './info-replication.ts';
import { commandCommand } from './introspection/command.ts';
import { latencyCommand } from './latency/latency.ts';
import { lolwutCommand } from './lolwut.ts';
import { memoryCommand } from './memory.ts';
import { moduleCommand } from './module.ts';
import { replicaofCommand, slaveofCommand } from './replicaof.ts';
import { shutdownCommand } from './shutdown.ts';
import { slowlogCommand } from './slowlog.ts';
import { timeCommand } from './time.ts';

/** Commands on the node as a whole. */
export const SERVER_COMMANDS: readonly CommandRow[] = [
  commandCommand,
  configCommand,
  dbsizeCommand,
  debugCommand,
  flushallCommand,
  flushdbCommand,
  infoCommand,
  latencyCommand,
  lolwutCommand,
  memoryCommand,
  moduleCommand,
  replicaofCommand,
  roleCommand,
  shutdownCommand,
  slaveofCommand,
  slowlogCommand,
  swapdbCommand,
  timeCommand,
];
