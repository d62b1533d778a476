import type { CommandRow } from '../command-row.ts';
import { appendCommand, setrangeCommand } from './append.ts';
import { getCommand, mgetCommand, strlenCommand } from './get.ts';
import { getdelCommand, getexCommand } from './getex.ts';
import { getrangeCommand, substrCommand } from './getrange.ts';
import { decrbyCommand, decrCommand, incrbyCommand, incrCommand } from './incr.ts';
import { incrbyfloatCommand } from './incrbyfloat.ts';
import { lcsCommand } from './lcs.ts';
import { msetCommand, msetnxCommand } from './mset.ts';
import { getsetCommand, psetexCommand, setCommand, setexCommand, setnxCommand } from './set.ts';

export const STRING_COMMANDS: readonly CommandRow[] = [
  getCommand,
  setCommand,
  mgetCommand,
  msetCommand,
  msetnxCommand,
  setnxCommand,
  setexCommand,
  psetexCommand,
  getsetCommand,
  getexCommand,
  getdelCommand,
  strlenCommand,
  appendCommand,
  setrangeCommand,
  getrangeCommand,
  substrCommand,
  incrCommand,
  decrCommand,
  incrbyCommand,
  decrbyCommand,
  incrbyfloatCommand,
  lcsCommand,
];
