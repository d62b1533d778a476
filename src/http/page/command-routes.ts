/** One command over HTTP, whatever it is, for consoles: the page has one. */

import { findCommand } from '../../commands/acl/enforce.ts';
import type { CommandRow } from '../../commands/command-row.ts';
import type { Command } from '../../commands/command-table.ts';
import type { CommandCaller } from '../../commands/direct/command-caller.ts';
import { type RouteAnswer, type RouteRequest, type RouteRow, refusal } from '../route-row.ts';
import { replyJson } from './reply-json.ts';

const BODY_SCHEMA = {
  type: 'object',
  properties: {
    command: {
      type: 'array',
      minItems: 1,
      description: 'Name and arguments; bytes that are no text as {"base64": "..."}.',
      items: { type: ['string', 'object'] },
      example: ['SET', 'greeting', 'hello'],
    },
  },
  required: ['command'],
};

const REPLY_SCHEMA = {
  type: 'object',
  properties: {
    reply: {
      type: 'object',
      description:
        'type (null, boolean, integer, double, bignum, status, error, bulk, verbatim, array, ' +
        'set, map) and value; base64 in its place for bytes that are no UTF-8; a map is a list ' +
        'of pairs; an error is a reply among others.',
    },
  },
};

export const COMMAND_ROUTES: readonly RouteRow[] = [
  commandRow('/api/command', 'runCommand'),
  commandRow('/api/stores/:store/command', 'runStoreCommand'),
];

function commandRow(path: string, operationId: string): RouteRow {
  return {
    method: 'POST',
    path,
    operationId,
    summary: 'Runs one command and answers its reply with the types of RESP3',
    tag: 'commands',
    access: { by: 'door', command: 'the one that is sent' },
    body: { schema: BODY_SCHEMA },
    responses: {
      200: { description: 'The reply, which may be an error', schema: REPLY_SCHEMA },
      400: { description: 'No command, or one that only a connection of its own can run' },
      413: { description: 'The reply is longer than 16 MiB; the command is executed' },
    },
    handle: run,
  };
}

function run({ body, caller }: RouteRequest): RouteAnswer {
  const words = wordsOf(body);
  if (words === null) return refusal(400, 'command: must be a list of strings, the name first');
  const { builder, session } = caller;
  builder.beginEmpty();
  for (const word of words) builder.argument(word);
  const command = findCommand(session, builder.frame);
  const refused = command === null ? null : refuse(command, words);
  if (refused !== null) return refused;
  caller.perform();
  return caller.isAnswered ? answer(caller) : wouldWait(String(words[0]));
}

function answer(caller: CommandCaller): RouteAnswer {
  const reply = replyJson(caller.reply);
  if (reply === null) return refusal(413, 'The reply is too long; the command is executed');
  return { status: 200, facts: { reply } };
}

function wordsOf(body: unknown): (string | Uint8Array)[] | null {
  const command = (body as { command?: unknown } | null | undefined)?.command;
  if (!Array.isArray(command) || command.length === 0) return null;
  const words: (string | Uint8Array)[] = [];
  for (const word of command) {
    const base64 = (word as { base64?: unknown } | null)?.base64;
    if (typeof word === 'string') words.push(word);
    else if (typeof base64 === 'string') words.push(Buffer.from(base64, 'base64'));
    else return null;
  }
  return words[0]!.length === 0 ? null : words;
}

/**
 * A request's session is shared by all requests of its user: what a session remembers would be
 * another's, and what waits would never be answered.
 */
function refuse({ fullName, row }: Command, words: readonly unknown[]): RouteAnswer | null {
  if (SESSION_COMMANDS.has(fullName)) {
    return refusal(400, `${fullName.toUpperCase()} needs a connection of its own: use redis-cli`);
  }
  const isWaiting = fullName === 'config|set' ? bindsPort(words) : blocks(row, words);
  return isWaiting ? wouldWait(fullName) : null;
}

function wouldWait(fullName: string): RouteAnswer {
  return refusal(400, `${fullName.toUpperCase()} would wait: use redis-cli`);
}

/** A port is bound in its own time, and CONFIG SET answers then. */
function bindsPort(words: readonly unknown[]): boolean {
  return words.some((word, i) => i >= 2 && i % 2 === 0 && /port$/i.test(String(word)));
}

function blocks({ flags, name }: CommandRow, words: readonly unknown[]): boolean {
  if (!flags.includes('blocking')) return false;
  const waitsIfAsked = name === 'xread' || name === 'xreadgroup';
  return !waitsIfAsked || words.some((word) => String(word).toLowerCase() === 'block');
}

const SESSION_COMMANDS: ReadonlySet<string> = new Set([
  ...['asking', 'auth', 'discard', 'exec', 'hello', 'monitor', 'multi', 'psubscribe', 'psync'],
  ...['punsubscribe', 'quit', 'readonly', 'readwrite', 'replconf', 'reset', 'select', 'ssubscribe'],
  ...['subscribe', 'sunsubscribe', 'sync', 'unsubscribe', 'unwatch', 'wait', 'waitaof', 'watch'],
  ...['client|caching', 'client|correlation', 'client|no-evict', 'client|no-touch'],
  ...['client|reply', 'client|setinfo', 'client|setname', 'client|tracking'],
]);
