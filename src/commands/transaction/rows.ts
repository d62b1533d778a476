import type { CommandRow } from '../command-row.ts';
import { execCommand } from './exec.ts';
import { discardCommand, multiCommand } from './multi.ts';
import { unwatchCommand, watchCommand } from './watch.ts';

export const TRANSACTION_COMMANDS: readonly CommandRow[] = [
  discardCommand,
  execCommand,
  multiCommand,
  unwatchCommand,
  watchCommand,
];
