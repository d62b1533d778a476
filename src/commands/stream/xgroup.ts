import type { Frame } from '../../base/frame.ts';
import { EVENT } from '../../engine/event-table.ts';
import {
  createConsumer,
  createGroup,
  destroyGroup,
  removeConsumer,
} from '../../engine/values/stream/stream-groups.ts';
import { StreamId } from '../../engine/values/stream/stream-id.ts';
import { createStream } from '../../engine/values/stream/stream-record.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, type KeySpec, keysAt } from '../command-row.ts';
import { helpRow } from '../help-reply.ts';
import { integer64Argument } from '../integer-argument.ts';
import type { Session } from '../session.ts';
import { cText, findConsumerArgument, findGroupArgument, replyNoGroup } from './group-argument.ts';
import { parseAnyIdArgument, parseIdArgument } from './id-argument.ts';
import { argumentSlice, NOT_A_STREAM, RECORD, requireStreamToChange } from './stream-argument.ts';

export const xgroupCommand: CommandRow = {
  name: 'xgroup',
  arity: -2,
  flags: [],
  categories: ['-stream'],
  group: 'stream',
  since: '5.0.0',
  complexity: 'Depends on subcommand.',
  summary: 'Container of the commands on consumer groups',
  syntax: '',
  subcommands: [
    subcommand('create', -5, ['write', 'denyoom'], 'RW INSERT', '5.0.0', {
      complexity: 'O(1)',
      summary: 'Creates a consumer group',
      syntax: 'key groupname <id | $> [MKSTREAM] [ENTRIESREAD entries_read]',
      execute: executeCreate,
    }),
    subcommand('setid', -5, ['write'], 'RW UPDATE', '5.0.0', {
      complexity: 'O(1)',
      summary: 'Sets the last id that a consumer group was delivered',
      syntax: 'key groupname <id | $> [ENTRIESREAD entries_read]',
      execute: executeSetid,
    }),
    subcommand('destroy', 4, ['write'], 'RW DELETE', '5.0.0', {
      complexity:
        "O(N) where N is the number of entries in the group's pending entries list (PEL).",
      summary: 'Removes a consumer group',
      syntax: 'key groupname',
      execute: executeDestroy,
    }),
    subcommand('createconsumer', 5, ['write', 'denyoom'], 'RW INSERT', '6.2.0', {
      complexity: 'O(1)',
      summary: 'Creates a consumer in a group',
      syntax: 'key groupname consumername',
      execute: executeCreateConsumer,
    }),
    subcommand('delconsumer', 5, ['write'], 'RW DELETE', '5.0.0', {
      complexity: 'O(1)',
      summary: 'Removes a consumer from a group, and what is pending for it',
      syntax: 'key groupname consumername',
      execute: executeDelConsumer,
    }),
    helpRow({
      container: 'XGROUP',
      group: 'stream',
      since: '5.0.0',
      lines: [
        'CREATE <key> <groupname> <id|$> [option]',
        '    Create a new consumer group. Options are:',
        '    * MKSTREAM',
        '      Create the empty stream if it does not exist.',
        '    * ENTRIESREAD entries_read',
        "      Set the group's entries_read counter (internal use).",
        'CREATECONSUMER <key> <groupname> <consumer>',
        '    Create a new consumer in the specified group.',
        'DELCONSUMER <key> <groupname> <consumer>',
        '    Remove the specified consumer.',
        'DESTROY <key> <groupname>',
        '    Remove the specified group.',
        'SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]',
        '    Set the current group ID and entries_read counter.',
      ],
    }),
  ],
};

const ID = new StreamId();
/** What CREATE and SETID were given. Reused by each. */
const OPTIONS = { makesStream: false, entriesRead: -1n };

type RowParts = Pick<CommandRow, 'complexity' | 'summary' | 'syntax' | 'execute'>;

function subcommand(
  name: string,
  arity: number,
  flags: CommandRow['flags'],
  keyFlags: string,
  since: string,
  parts: RowParts,
): CommandRow {
  const keys: readonly KeySpec[] = [keysAt(2, 0, 1, keyFlags)];
  return { name, arity, flags, keys, group: 'stream', since, ...parts };
}

function executeCreate({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  if (!parseOptions(frame, true, reply)) return;
  let entry = requireStreamToChange(database, frame, 2, reply);
  if (entry === NOT_A_STREAM) return;
  if (entry === 0 && !OPTIONS.makesStream) return reply.error(ERRORS.streamNoKey);
  // Redis takes each option once more, and no fifth argument.
  if (frame.count > 8) return replySubcommandSyntax(frame, reply);
  ID.setZero();
  if (isLastId(frame, 4)) {
    if (entry !== 0) RECORD.open(database, entry).readLastId(ID);
  } else if (!parseIdArgument(frame, 4, ID, reply)) {
    return;
  }
  if (entry === 0) entry = createStream(database, frame, 2);
  RECORD.open(database, entry);
  if (findGroupArgument(frame, 3)) return reply.error(ERRORS.streamBusy);
  createGroup(database, RECORD, argumentSlice(frame, 3), ID, OPTIONS.entriesRead);
  database.recordCommand(frame, EVENT.xgroupCreate, 2);
  reply.ok();
}

function executeSetid({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  if (!parseOptions(frame, false, reply)) return;
  const entry = openGroup(database, frame, reply);
  if (entry === 0) return;
  if (frame.count !== 5 && frame.count !== 7) return replySubcommandSyntax(frame, reply);
  if (isLastId(frame, 4)) RECORD.readLastId(ID);
  else if (!parseAnyIdArgument(frame, 4, ID, reply)) return;
  RECORD.beforeChange();
  RECORD.writeDeliveredId(ID);
  RECORD.entriesRead64 = OPTIONS.entriesRead;
  database.recordCommand(frame, EVENT.xgroupSetid, 2);
  reply.ok();
}

function executeDestroy({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  const entry = requireStreamToChange(database, frame, 2, reply);
  if (entry === NOT_A_STREAM) return;
  if (entry === 0) return reply.error(ERRORS.streamNoKey);
  RECORD.open(database, entry);
  if (!findGroupArgument(frame, 3)) return reply.integer(0);
  destroyGroup(database, RECORD);
  database.recordCommand(frame, EVENT.xgroupDestroy, 2);
  reply.integer(1);
}

function executeCreateConsumer({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  if (openGroup(database, frame, reply) === 0) return;
  if (findConsumerArgument(frame, 4)) return reply.integer(0);
  const { nowMs } = database.store.clock;
  createConsumer(database, RECORD, argumentSlice(frame, 4), nowMs);
  database.recordCommand(frame, EVENT.xgroupCreateconsumer, 2);
  reply.integer(1);
}

function executeDelConsumer({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  if (openGroup(database, frame, reply) === 0) return;
  if (!findConsumerArgument(frame, 4)) return reply.integer(0);
  const count = RECORD.consumerPending;
  removeConsumer(database, RECORD);
  database.recordCommand(frame, EVENT.xgroupDelconsumer, 2);
  reply.integer(count);
}

/** Opens RECORD at the group of argument 3. @returns the entry, or 0 after the error reply */
function openGroup(database: Session['database'], frame: Frame, reply: ReplyWriter): number {
  const entry = requireStreamToChange(database, frame, 2, reply);
  if (entry === NOT_A_STREAM) return 0;
  if (entry === 0) {
    reply.error(ERRORS.streamNoKey);
    return 0;
  }
  RECORD.open(database, entry);
  if (findGroupArgument(frame, 3)) return entry;
  replyNoGroup(frame, reply);
  return 0;
}

/** Exactly `$`; what follows a zero byte does not count. */
function isLastId(frame: Frame, arg: number): boolean {
  return frame.equals(arg, '$');
}

function parseOptions(frame: Frame, isCreate: boolean, reply: ReplyWriter): boolean {
  OPTIONS.makesStream = false;
  OPTIONS.entriesRead = -1n;
  for (let arg = 5; arg < frame.count; arg++) {
    if (isCreate && frame.equals(arg, 'MKSTREAM')) {
      OPTIONS.makesStream = true;
    } else if (arg + 1 < frame.count && frame.equals(arg, 'ENTRIESREAD')) {
      const count = integer64Argument(frame, ++arg);
      if (count === null || count < -1n) {
        reply.error(count === null ? ERRORS.notInteger : ERRORS.streamEntriesRead);
        return false;
      }
      OPTIONS.entriesRead = count;
    } else {
      replySubcommandSyntax(frame, reply);
      return false;
    }
  }
  return true;
}

function replySubcommandSyntax(frame: Frame, reply: ReplyWriter): void {
  const name = cText(frame, 1).slice(0, 128);
  reply.errorLatin1(
    `ERR unknown subcommand or wrong number of arguments for '${name}'. Try XGROUP HELP.`,
  );
}
