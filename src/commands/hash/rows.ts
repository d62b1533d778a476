import type { CommandRow } from '../command-row.ts';
import {
  hexpireatCommand,
  hexpireCommand,
  hexpiretimeCommand,
  hpersistCommand,
  hpexpireatCommand,
  hpexpireCommand,
  hpexpiretimeCommand,
  hpttlCommand,
  httlCommand,
} from './hexpire.ts';
import {
  hexistsCommand,
  hgetallCommand,
  hgetCommand,
  hkeysCommand,
  hlenCommand,
  hmgetCommand,
  hscanCommand,
  hstrlenCommand,
  hvalsCommand,
} from './hget.ts';
import { hgetdelCommand, hgetexCommand } from './hgetex.ts';
import { hincrbyCommand, hincrbyfloatCommand } from './hincrby.ts';
import { hrandfieldCommand } from './hrandfield.ts';
import { hdelCommand, hmsetCommand, hsetCommand, hsetnxCommand } from './hset.ts';
import { hsetexCommand } from './hsetex.ts';

export const HASH_COMMANDS: readonly CommandRow[] = [
  hsetCommand,
  hmsetCommand,
  hsetnxCommand,
  hgetCommand,
  hmgetCommand,
  hdelCommand,
  hexistsCommand,
  hlenCommand,
  hstrlenCommand,
  hkeysCommand,
  hvalsCommand,
  hgetallCommand,
  hincrbyCommand,
  hincrbyfloatCommand,
  hrandfieldCommand,
  hscanCommand,
  hexpireCommand,
  hpexpireCommand,
  hexpireatCommand,
  hpexpireatCommand,
  httlCommand,
  hpttlCommand,
  hexpiretimeCommand,
  hpexpiretimeCommand,
  hpersistCommand,
  hgetdelCommand,
  hgetexCommand,
  hsetexCommand,
];
