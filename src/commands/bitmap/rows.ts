import type { CommandRow } from '../command-row.ts';
import { getbitCommand, setbitCommand } from './bit.ts';
import { bitcountCommand, bitposCommand } from './bitcount.ts';
import { bitfieldCommand, bitfieldRoCommand } from './bitfield.ts';
import { bitopCommand } from './bitop.ts';

export const BITMAP_COMMANDS: readonly CommandRow[] = [
  getbitCommand,
  setbitCommand,
  bitcountCommand,
  bitposCommand,
  bitopCommand,
  bitfieldCommand,
  bitfieldRoCommand,
];
