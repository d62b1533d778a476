import type { CommandRow } from '../command-row.ts';
import { pfaddCommand } from './pfadd.ts';
import { pfcountCommand } from './pfcount.ts';
import { pfdebugCommand, pfselftestCommand } from './pfdebug.ts';
import { pfmergeCommand } from './pfmerge.ts';

export const HYPERLOGLOG_COMMANDS: readonly CommandRow[] = [
  pfaddCommand,
  pfcountCommand,
  pfmergeCommand,
  pfdebugCommand,
  pfselftestCommand,
];
