import type { CommandRow } from '../command-row.ts';
import { authCommand } from './auth.ts';
import { clientCommand } from './client.ts';
import { helloCommand } from './hello.ts';
import { monitorCommand } from './monitor.ts';
import { echoCommand, pingCommand } from './ping.ts';
import { quitCommand, resetCommand } from './quit.ts';
import { selectCommand } from './select.ts';

export const CONNECTION_COMMANDS: readonly CommandRow[] = [
  authCommand,
  clientCommand,
  echoCommand,
  helloCommand,
  monitorCommand,
  pingCommand,
  quitCommand,
  resetCommand,
  selectCommand,
];
