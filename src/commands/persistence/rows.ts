import type { CommandRow } from '../command-row.ts';
import { bgrewriteaofCommand } from './bgrewriteaof.ts';
import { bgsaveCommand, lastsaveCommand, saveCommand } from './save.ts';
import { waitaofCommand } from './waitaof.ts';

/** What lies on disk of the store that the session stands in. */
export const PERSISTENCE_COMMANDS: readonly CommandRow[] = [
  bgrewriteaofCommand,
  bgsaveCommand,
  lastsaveCommand,
  saveCommand,
  waitaofCommand,
];
