import type { Frame } from '../../../base/frame.ts';
import { parseSize } from '../../../base/sizes.ts';
import { echoed, subcommandSyntaxText } from '../../../protocol/error-echo.ts';
import { ERRORS } from '../../../protocol/error-table.ts';
import type { ReplyWriter } from '../../../protocol/reply-writer.ts';
import type { CommandRow } from '../../command-row.ts';
import { replyHelp } from '../../help-reply.ts';
import { integer64Argument } from '../../integer-argument.ts';
import type { Session } from '../../session.ts';
import { digestOfDatabases, digestOfValue } from '../debug-digest.ts';
import {
  describeEntry,
  describeHeap,
  describeKeyTable,
  describePacked,
  describeString,
  describeTables,
  STRUCTURE_SIZES,
} from './debug-facts.ts';
import { DEBUG_HELP } from './debug-help.ts';
import { matchPattern, populate } from './debug-populate.ts';
import { replyOfType } from './debug-protocol.ts';

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
    const option = OPTIONS.get(frame.latin1(1).toLowerCase());
    const isKnown = option !== undefined && frame.count >= option.min && frame.count <= option.max;
    if (isKnown) option.run(session, frame, reply);
    else replyUnknown(frame, reply);
  },
};

type Run = (session: Session, frame: Frame, reply: ReplyWriter) => void;

/** DEBUG is one command to COMMAND and to ACL; its words are told apart here. */
interface Option {
  /** Arguments, the two words included. */
  readonly min: number;
  readonly max: number;
  readonly run: Run;
}

const ANY_COUNT = 1e9;

const ok: Run = (_session, _frame, reply) => reply.ok();

function refuse(text: string): Run {
  return (_session, _frame, reply) => reply.errorText(text);
}

function exactly(count: number, run: Run): Option {
  return { min: count, max: count, run };
}

function replyUnknown(frame: Frame, reply: ReplyWriter): void {
  reply.errorLatin1(subcommandSyntaxText(frame, 'DEBUG'));
}

const NO_CRASH = refuse('ERR A crash on demand is not offered: end the process by a signal');
const NO_RESTART = refuse('ERR A restart on demand is not offered: restart the process');

const OPTIONS: ReadonlyMap<string, Option> = new Map<string, Option>([
  ['help', exactly(2, (_session, _frame, reply) => replyHelp(reply, 'DEBUG', DEBUG_HELP))],
  ['sleep', exactly(3, sleep)],
  ['error', exactly(3, replyError)],
  ['log', exactly(3, log)],
  ['object', exactly(3, describeEntry)],
  ['sdslen', exactly(3, describeString)],
  ['listpack', exactly(3, describePacked('listpack'))],
  ['quicklist', { min: 3, max: 4, run: describePacked('quicklist') }],
  ['htstats', exactly(3, describeTables)],
  ['htstats-key', exactly(3, describeKeyTable)],
  ['structsize', exactly(2, (_session, _frame, reply) => reply.bulkText(STRUCTURE_SIZES))],
  ['jmap', exactly(2, describeHeap)],
  ['protocol', exactly(3, replyOfType)],
  ['digest', exactly(2, digest)],
  ['digest-value', { min: 2, max: ANY_COUNT, run: digestValues }],
  ['populate', { min: 3, max: 5, run: populate }],
  ['stringmatch-len', exactly(4, matchPattern)],
  ['quicklist-packed-threshold', exactly(3, setPackedThreshold)],
  ['set-active-expire', exactly(3, setActiveExpire)],
  ['set-disable-deny-scripts', exactly(3, setDisableDenyScripts)],
  ['pause-cron', exactly(3, pauseCron)],
  ['replybuffer', { min: 4, max: 4, run: setReplyBuffer }],
  ['change-repl-id', exactly(2, ok)],
  ['set-skip-checksum-validation', exactly(3, setSkipChecksum)],
  ['replicate', { min: 3, max: ANY_COUNT, run: ok }],
  ['aof-flush-sleep', exactly(3, ok)],
  ['drop-cluster-packet-filter', exactly(3, ok)],
  ['config-rewrite-force-all', exactly(2, rewriteAll)],
  ['reload', { min: 2, max: ANY_COUNT, run: reload }],
  ['loadaof', exactly(2, reloadLog)],
  ['segfault', exactly(2, NO_CRASH)],
  ['panic', exactly(2, NO_CRASH)],
  ['assert', exactly(2, NO_CRASH)],
  ['oom', exactly(2, NO_CRASH)],
  ['leak', exactly(3, refuse('ERR A leak on demand is not offered'))],
  ['restart', { min: 2, max: 3, run: NO_RESTART }],
  ['crash-and-recover', { min: 2, max: 3, run: NO_RESTART }],
]);

function sleep({ node }: Session, frame: Frame, reply: ReplyWriter): void {
  node.sleepBlocking(Math.max(0, leadingNumber(frame.latin1(2))) * 1000);
  reply.ok();
}

function replyError(_session: Session, frame: Frame, reply: ReplyWriter): void {
  reply.errorLatin1(echoed(frame, 2));
  // Made to order, and no failure of this server: not counted, as in Redis.
  reply.errorCount--;
}

function log({ node, correlationId }: Session, frame: Frame, reply: ReplyWriter): void {
  node.logger.warn('debug', 'DEBUG LOG', { correlationId, text: echoed(frame, 2) });
  reply.ok();
}

function digest({ store }: Session, _frame: Frame, reply: ReplyWriter): void {
  reply.simple(digestOfDatabases(store.databases));
}

function digestValues({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  reply.array(frame.count - 2);
  for (let arg = 2; arg < frame.count; arg++) {
    reply.simple(digestOfValue(database, database.find(frame, arg)));
  }
}

const PACKED_THRESHOLD_BYTES_MAX = 2 ** 32;

function setPackedThreshold({ node }: Session, frame: Frame, reply: ReplyWriter): void {
  const bytes = parseSize(frame.latin1(2));
  if (bytes === null || bytes > PACKED_THRESHOLD_BYTES_MAX) {
    reply.errorText('ERR argument must be a memory value bigger than 1 and smaller than 4gb');
    return;
  }
  node.debug.packedThresholdBytes = bytes;
  reply.ok();
}

function setActiveExpire({ node }: Session, frame: Frame, reply: ReplyWriter): void {
  const isEnabled = leadingNumber(frame.latin1(2)) !== 0;
  for (const store of node.stores) store.activeExpiryEnabled = isEnabled;
  reply.ok();
}

function setDisableDenyScripts({ node }: Session, frame: Frame, reply: ReplyWriter): void {
  node.debug.runsDeniedInScripts = leadingNumber(frame.latin1(2)) !== 0;
  reply.ok();
}

function setSkipChecksum({ node }: Session, frame: Frame, reply: ReplyWriter): void {
  node.debug.skipsChecksums = leadingNumber(frame.latin1(2)) !== 0;
  reply.ok();
}

function pauseCron({ node }: Session, frame: Frame, reply: ReplyWriter): void {
  node.debug.isCronPaused = leadingNumber(frame.latin1(2)) !== 0;
  reply.ok();
}

/** One reply buffer serves all clients, so there is none to shrink: the words are checked. */
function setReplyBuffer(_session: Session, frame: Frame, reply: ReplyWriter): void {
  if (frame.equals(2, 'PEAK-RESET-TIME')) {
    const isWord = frame.equals(3, 'NEVER') || frame.equals(3, 'RESET');
    if (!isWord && integer64Argument(frame, 3) === null) return reply.error(ERRORS.notInteger);
  } else if (!frame.equals(2, 'RESIZING')) {
    return replyUnknown(frame, reply);
  }
  reply.ok();
}

function rewriteAll({ node }: Session, _frame: Frame, reply: ReplyWriter): void {
  const error = node.settings.rewrite();
  if (error === null) reply.ok();
  else reply.errorText(`ERR CONFIG-REWRITE-FORCE-ALL failed: ${error}`);
}

function reload({ node, store }: Session, frame: Frame, reply: ReplyWriter): void {
  let isSaved = true;
  let isFlushed = true;
  for (let arg = 2; arg < frame.count; arg++) {
    if (frame.equals(arg, 'NOSAVE')) isSaved = false;
    else if (frame.equals(arg, 'NOFLUSH')) isFlushed = false;
    else if (!frame.equals(arg, 'MERGE')) {
      reply.errorText('ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.');
      return;
    }
  }
  replyLoaded(reply, node.persistence.reload(store, { isSaved, isFlushed }));
}

function reloadLog({ node, store }: Session, _frame: Frame, reply: ReplyWriter): void {
  replyLoaded(reply, node.persistence.reloadLog(store));
}

function replyLoaded(reply: ReplyWriter, error: string | null): void {
  if (error === null) reply.ok();
  else reply.errorText(error);
}

/** As strtod: what the text starts with, 0 when that is no number. */
function leadingNumber(text: string): number {
  const value = Number.parseFloat(text);
  return Number.isFinite(value) ? value : 0;
}
