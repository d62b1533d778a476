import type { CommandRow } from '../command-row.ts';
import { publishCommand, spublishCommand } from './publish.ts';
import { pubsubCommand } from './pubsub.ts';
import { psubscribeCommand, ssubscribeCommand, subscribeCommand } from './subscribe.ts';
import { punsubscribeCommand, sunsubscribeCommand, unsubscribeCommand } from './unsubscribe.ts';

export const PUBSUB_COMMANDS: readonly CommandRow[] = [
  psubscribeCommand,
  publishCommand,
  pubsubCommand,
  punsubscribeCommand,
  spublishCommand,
  ssubscribeCommand,
  subscribeCommand,
  sunsubscribeCommand,
  unsubscribeCommand,
];
