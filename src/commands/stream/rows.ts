import type { CommandRow } from '../command-row.ts';
import { xaddCommand, xtrimCommand } from './xadd.ts';
import { xdelCommand, xlenCommand, xrangeCommand, xrevrangeCommand } from './xrange.ts';

export const STREAM_COMMANDS: readonly CommandRow[] = [
  xaddCommand,
  xrangeCommand,
  xrevrangeCommand,
  xlenCommand,
  xdelCommand,
  xtrimCommand,
];
