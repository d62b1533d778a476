import type { CommandRow } from '../command-row.ts';
import { copyCommand, moveCommand } from './copy.ts';
import { delCommand, unlinkCommand } from './delete.ts';
import { dumpCommand } from './dump.ts';
import { existsCommand, touchCommand, typeCommand } from './exists.ts';
import { expireatCommand, expireCommand, pexpireatCommand, pexpireCommand } from './expire.ts';
import { objectCommand } from './object.ts';
import { renameCommand, renamenxCommand } from './rename.ts';
import { restoreAskingCommand, restoreCommand } from './restore.ts';
import { keysCommand, randomkeyCommand, scanCommand } from './scan.ts';
import {
  expiretimeCommand,
  persistCommand,
  pexpiretimeCommand,
  pttlCommand,
  ttlCommand,
} from './ttl.ts';
import { waitCommand } from './wait.ts';

/** Commands on keys whatever their type. */
export const KEY_COMMANDS: readonly CommandRow[] = [
  copyCommand,
  delCommand,
  dumpCommand,
  existsCommand,
  expireCommand,
  expireatCommand,
  expiretimeCommand,
  keysCommand,
  moveCommand,
  objectCommand,
  persistCommand,
  pexpireCommand,
  pexpireatCommand,
  pexpiretimeCommand,
  pttlCommand,
  randomkeyCommand,
  renameCommand,
  renamenxCommand,
  restoreCommand,
  restoreAskingCommand,
  scanCommand,
  touchCommand,
  ttlCommand,
  typeCommand,
  unlinkCommand,
  waitCommand,
];
