import type { CommandRow } from '../command-row.ts';
import { xaddCommand, xtrimCommand } from './xadd.ts';
import { xautoclaimCommand, xclaimCommand } from './xclaim.ts';
import { xgroupCommand } from './xgroup.ts';
import { xinfoCommand } from './xinfo.ts';
import { xackCommand, xpendingCommand } from './xpending.ts';
import { xdelCommand, xlenCommand, xrangeCommand, xrevrangeCommand } from './xrange.ts';
import { xreadCommand, xreadgroupCommand } from './xread.ts';
import { xsetidCommand } from './xsetid.ts';

export const STREAM_COMMANDS: readonly CommandRow[] = [
  xaddCommand,
  xrangeCommand,
  xrevrangeCommand,
  xlenCommand,
  xdelCommand,
  xtrimCommand,
  xreadCommand,
  xgroupCommand,
  xreadgroupCommand,
  xackCommand,
  xpendingCommand,
  xclaimCommand,
  xautoclaimCommand,
  xinfoCommand,
  xsetidCommand,
];
