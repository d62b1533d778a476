import type { CommandRow } from '../command-row.ts';
import { geoaddCommand } from './geoadd.ts';
import { geodistCommand, geohashCommand, geoposCommand } from './geopos.ts';
import {
  georadiusbymemberCommand,
  georadiusbymemberRoCommand,
  georadiusCommand,
  georadiusRoCommand,
} from './georadius.ts';
import { geosearchCommand, geosearchstoreCommand } from './geosearch.ts';

export const GEO_COMMANDS: readonly CommandRow[] = [
  geoaddCommand,
  geoposCommand,
  geohashCommand,
  geodistCommand,
  geosearchCommand,
  geosearchstoreCommand,
  georadiusCommand,
  georadiusRoCommand,
  georadiusbymemberCommand,
  georadiusbymemberRoCommand,
];
