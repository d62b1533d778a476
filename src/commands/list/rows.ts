import type { CommandRow } from '../command-row.ts';
import { linsertCommand, lremCommand, lsetCommand, ltrimCommand } from './change.ts';
import { blmoveCommand, brpoplpushCommand, lmoveCommand, rpoplpushCommand } from './lmove.ts';
import { blmpopCommand, blpopCommand, brpopCommand, lmpopCommand } from './lmpop.ts';
import { lposCommand } from './lpos.ts';
import { lpopCommand, rpopCommand } from './pop.ts';
import { lpushCommand, lpushxCommand, rpushCommand, rpushxCommand } from './push.ts';
import { lindexCommand, llenCommand, lrangeCommand } from './range.ts';

export const LIST_COMMANDS: readonly CommandRow[] = [
  lpushCommand,
  rpushCommand,
  lpushxCommand,
  rpushxCommand,
  lpopCommand,
  rpopCommand,
  llenCommand,
  lindexCommand,
  lsetCommand,
  lrangeCommand,
  linsertCommand,
  lremCommand,
  ltrimCommand,
  lposCommand,
  lmoveCommand,
  rpoplpushCommand,
  lmpopCommand,
  blpopCommand,
  brpopCommand,
  blmoveCommand,
  brpoplpushCommand,
  blmpopCommand,
];
