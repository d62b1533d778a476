import type { Frame } from '../../base/frame.ts';
import { ENCODING_NAMES } from '../../engine/keyspace/entry.ts';
import { echoed, subcommandSyntaxText } from '../../protocol/error-echo.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { CommandRow } from '../command-row.ts';
import { replyHelp } from '../help-reply.ts';
import type { Session } from '../session.ts';

export const debugCommand: CommandRow = {
  name: 'debug',
  arity: -2,
  guard: 'enableDebugCommand',
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  since: '1.0.0',
  complexity: 'Depends on subcommand.',
  summary: 'Container of commands for testing this server, off by default',
  syntax: '',
  execute(session, frame, reply) {
    if (frame.count === 2 && frame.equals(1, 'HELP')) return replyHelp(reply, 'DEBUG', HELP);
    if (frame.count === 2 && frame.equals(1, 'CHANGE-REPL-ID')) return reply.ok();
    if (frame.count === 3 && frame.equals(1, 'SLEEP')) {
      session.node.sleepBlocking(Math.max(0, leadingNumber(frame.latin1(2))) * 1000);
      return reply.ok();
    }
    if (frame.count === 3 && frame.equals(1, 'SET-ACTIVE-EXPIRE')) {
      const isEnabled = leadingNumber(frame.latin1(2)) !== 0;
      for (const store of session.node.stores) store.activeExpiryEnabled = isEnabled;
      return reply.ok();
    }
    if (frame.count === 3 && frame.equals(1, 'ERROR')) {
      reply.errorLatin1(echoed(frame, 2));
      // Made to order, and no failure of this server: not counted, as in Redis.
      reply.errorCount--;
      return;
    }
    if (frame.count === 3 && frame.equals(1, 'OBJECT')) return describeEntry(session, frame, reply);
    reply.errorLatin1(subcommandSyntaxText(frame, 'DEBUG'));
  },
};

const HELP = [
  'CHANGE-REPL-ID',
  '    Does nothing: there is no replication by that id.',
  'ERROR <string>',
  '    Return an error reply with <string> as its text.',
  'OBJECT <key>',
  '    Show facts about the entry of <key>.',
  'SET-ACTIVE-EXPIRE <0|1>',
  '    0 stops removing due keys in the background, 1 starts it again.',
  'SLEEP <seconds>',
  '    Stop the server for <seconds>. Decimals allowed.',
];

/** As strtod: what the text starts with, 0 when that is no number. */
function leadingNumber(text: string): number {
  const value = Number.parseFloat(text);
  return Number.isFinite(value) ? value : 0;
}

function describeEntry({ database, node }: Session, frame: Frame, reply: ReplyWriter): void {
  const entry = database.find(frame, 2);
  if (entry === 0) {
    reply.error(ERRORS.noSuchKey);
    return;
  }
  const encoding = ENCODING_NAMES[database.encodingOf(entry)];
  reply.simple(
    `Value at:0x${entry.toString(16)} refcount:1 encoding:${encoding} ` +
      `serializedlength:${database.entryMemoryBytes(entry)} lru:${node.clock.accessS} ` +
      `lru_seconds_idle:${database.idleS(entry)}`,
  );
}
