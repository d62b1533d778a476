import type { CommandRow } from '../command-row.ts';
import { saddCommand, sremCommand } from './sadd.ts';
import {
  sdiffCommand,
  sdiffstoreCommand,
  sinterCommand,
  sintercardCommand,
  sinterstoreCommand,
  sunionCommand,
  sunionstoreCommand,
} from './sinter.ts';
import {
  scardCommand,
  sismemberCommand,
  smembersCommand,
  smismemberCommand,
  sscanCommand,
} from './sismember.ts';
import { smoveCommand } from './smove.ts';
import { spopCommand, srandmemberCommand } from './spop.ts';

export const SET_COMMANDS: readonly CommandRow[] = [
  saddCommand,
  sremCommand,
  sismemberCommand,
  smismemberCommand,
  scardCommand,
  smembersCommand,
  sscanCommand,
  spopCommand,
  srandmemberCommand,
  smoveCommand,
  sinterCommand,
  sintercardCommand,
  sinterstoreCommand,
  sunionCommand,
  sunionstoreCommand,
  sdiffCommand,
  sdiffstoreCommand,
];
