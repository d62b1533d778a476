/**
 * The one door in. RESP, inline commands, EXEC's queue, the embedded API and later HTTP, scripts
 * and peers all come through here, so that arity, login, memory, pausing, counting and the slow log
 * exist once.
 */
import type { Frame } from '../base/frame.ts';
import { METRIC } from '../observability/metrics/metric-table.ts';
import { unknownCommandText, unknownSubcommandText } from '../protocol/error-echo.ts';
import { ERRORS } from '../protocol/error-table.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import { refuseAccess } from './acl/enforce.ts';
import { isAllowed } from './allowance.ts';
import { beginAudit, endAudit } from './audit/audit.ts';
import { refuseRedirected } from './cluster/redirect.ts';
import type { CommandRow } from './command-row.ts';
import type { Command } from './command-table.ts';
import { beginTrace, endTrace } from './command-trace.ts';
import { endTransaction } from './end-transaction.ts';
import { refuseStore } from './login.ts';
import { recordDuration, recordLong, runTimed } from './server/latency/timed-run.ts';
import {
  type ClientChannel,
  GATE,
  type Session,
  type SessionTracking,
  type Transaction,
} from './session.ts';

/**
 * Runs the command in `frame` for `session` and writes its reply, if it has one.
 * Throws only for our own mistakes (see STYLE.md); the caller decides what a throw ends.
 */
export function executeCommand(session: Session, frame: Frame, reply: ReplyWriter): void {
  if ((session.gate & SETS_ASIDE) === 0) execute(session, frame, reply);
  else if ((session.gate & GATE.AWAITING) !== 0) executeInLine(session, frame, reply);
  else executeAside(session, frame, reply);
}

const SETS_ASIDE = GATE.REPLIES_OFF | GATE.TRACED | GATE.AWAITING;

/** What is answered here stands behind what other nodes have still to answer. */
function executeInLine(session: Session, frame: Frame, reply: ReplyWriter): void {
  const mark = reply.position;
  executeAside(session, frame, reply);
  if (reply.position > mark) session.forwarding?.takeReply(reply, mark);
}

function executeAside(session: Session, frame: Frame, reply: ReplyWriter): void {
  if ((session.gate & GATE.TRACED) !== 0) executeTraced(session, frame, reply);
  else if ((session.gate & GATE.REPLIES_OFF) !== 0) executeSilenced(session, frame, reply);
  else execute(session, frame, reply);
}

/** Debug lines are on. */
function executeTraced(session: Session, frame: Frame, reply: ReplyWriter): void {
  const trace = beginTrace(session, frame, reply);
  if ((session.gate & GATE.REPLIES_OFF) === 0) execute(session, frame, reply);
  else executeSilenced(session, frame, reply);
  endTrace(session, reply, trace);
}

function execute(session: Session, frame: Frame, reply: ReplyWriter): void {
  const command = requireCommand(session, frame, reply);
  if (command === null) return;
  if (session.gate !== 0) runGated(session, frame, reply, command);
  else if (!command.isDenyOom || hasRoom(session, frame, command, payloadBytes(frame))) {
    run(session, frame, reply, command);
  } else {
    refuse(session, reply, command, ERRORS.outOfMemory.text);
  }
}

/** False when the store is full and may evict nothing more, and the command does not run then. */
function hasRoom(session: Session, frame: Frame, command: Command, byteCount: number): boolean {
  const { store } = session;
  if (store.makeRoom(byteCount)) return true;
  const isQueued = session.transaction !== null && !command.runsInTransaction;
  if (!isQueued && !deniesOom(session, frame, command)) return true;
  session.node.counters[METRIC.outOfMemoryRefusals]++;
  return false;
}

/** What a script may do without room, its first line says. */
function deniesOom({ node }: Session, frame: Frame, command: Command): boolean {
  return !command.isScript || node.scripting.deniesOom(frame, command.row.name);
}

/** The command, with its arity checked; null after an error reply was written. */
function requireCommand(session: Session, frame: Frame, reply: ReplyWriter): Command | null {
  let command = session.node.table.findFrame(frame);
  if (command === null) {
    refuse(session, reply, null, unknownCommandText(frame));
    return null;
  }
  if (command.subcommands !== null && frame.count > 1) {
    const child = command.subcommands.get(frame.latin1(1).toLowerCase());
    if (child === undefined) {
      refuse(session, reply, null, unknownSubcommandText(frame, command.row.name.toUpperCase()));
      return null;
    }
    command = child;
  }
  const { arity } = command;
  if (command.execute === null || (arity > 0 ? frame.count !== arity : frame.count < -arity)) {
    const text = `ERR wrong number of arguments for '${command.fullName}' command`;
    refuse(session, reply, command, text);
    return null;
  }
  if (command.guard !== null && !passesGuard(session, command.guard, reply, command)) return null;
  return command;
}

function passesGuard(
  session: Session,
  guard: NonNullable<CommandRow['guard']>,
  reply: ReplyWriter,
  command: Command,
): boolean {
  if (isAllowed(session.node.configuration.security[guard], session)) return true;
  const row = guard === 'enableDebugCommand' ? ERRORS.debugNotAllowed : ERRORS.moduleNotAllowed;
  refuse(session, reply, command, row.text);
  return false;
}

function run(session: Session, frame: Frame, reply: ReplyWriter, command: Command): void {
  const { node, store } = session;
  session.lastCommand = command.fullName;
  store.actorId = session.id;
  store.touchesKeys = session.touchesKeys;
  const errorCount = reply.errorCount;
  const mark = reply.position;
  const executeRow = command.execute;
  if (executeRow === null) return;
  if (--command.untimedLeft > 0) executeRow(session, frame, reply);
  else if (command.audit === null) runTimed(session, frame, reply, command);
  else runAudited(session, frame, reply, command, command.audit);
  if (node.stopwatch.isRunning) recordLong(session, frame, command);
  if (node.blocking.hasReady && session.mayWait) node.blocking.serve();
  if (reply.errorCount !== errorCount) countFailure(session, reply, command, mark, errorCount);
}

function runAudited(
  session: Session,
  frame: Frame,
  reply: ReplyWriter,
  command: Command,
  names: NonNullable<Command['audit']>,
): void {
  const audit = beginAudit(session, frame, reply, names);
  runTimed(session, frame, reply, command);
  if (audit !== null) endAudit(session, command.fullName, reply, audit);
}

function countFailure(
  session: Session,
  reply: ReplyWriter,
  command: Command,
  mark: number,
  errorCountBefore: number,
): void {
  const { retoldErrorCount, madeErrors } = reply;
  const otherCount = reply.errorCount - errorCountBefore - retoldErrorCount - madeErrors.length;
  // What a script's call failed with, and the script tells in turn: the call has counted it, but
  // the script has failed as well, and by Redis' count once for each.
  command.failedCalls += retoldErrorCount;
  if (madeErrors.length > 0) command.failedCalls++;
  countScriptErrors(session, reply);
  // An error within EXEC's array was counted when its own command ran.
  if (otherCount === 0 || reply.bytes[mark] !== MINUS) return;
  command.failedCalls++;
  countError(session, reply, mark);
}

/** @returns whether the reply tells of errors that are counted with this, or were before */
function countScriptErrors({ node }: Session, reply: ReplyWriter): boolean {
  const { madeErrors } = reply;
  const hasErrors = madeErrors.length + reply.retoldErrorCount > 0;
  reply.retoldErrorCount = 0;
  for (const text of madeErrors) {
    const bytes = Buffer.from(`-${text}`, 'latin1');
    node.counters[METRIC.errorReplies]++;
    node.statistics.recordError(bytes, 0, bytes.length);
  }
  madeErrors.length = 0;
  return hasErrors;
}

/**
 * Runs a command that waited once more. It was checked, counted and shown to monitors when it came;
 * its time is added, and when it waits no more the slow log and the histograms hear of it.
 */
export function runAgain(session: Session, frame: Frame, reply: ReplyWriter): void {
  const { node, store } = session;
  const command = node.table.findFrame(frame);
  if (command === null || command.execute === null) return;
  store.actorId = session.id;
  store.touchesKeys = session.touchesKeys;
  const clock = node.world.clock;
  const mark = reply.position;
  const startMs = clock.monotonicMs();
  command.execute(session, frame, reply);
  const durationUs = (clock.monotonicMs() - startMs) * 1000;
  command.usec += durationUs;
  if (reply.position === mark) return;
  recordDuration(session, frame, command, durationUs, 1);
  if (reply.bytes[mark] === MINUS) command.failedCalls++;
}

/**
 * Runs a command that a script calls. What scripts are refused has words of its own and was checked
 * by the caller: see `scripting/command-call.ts`.
 */
export function executeForScript(
  session: Session,
  frame: Frame,
  reply: ReplyWriter,
  command: Command,
): void {
  if (session.tracking === null) run(session, frame, reply, command);
  else runTracked(session, session.tracking, frame, reply, command);
  if ((session.gate & GATE.MONITORED) !== 0 && command.isMonitored) {
    session.node.monitors.report(session, frame);
  }
}

/** The same for one that is refused: its error is written and counted. */
export function refuseForScript(
  session: Session,
  reply: ReplyWriter,
  command: Command | null,
  text: string,
): void {
  const mark = reply.position;
  if (command !== null) command.rejectedCalls++;
  reply.errorLatin1(text);
  countError(session, reply, mark);
}

/** The whole reply of a command that waited is in `reply`: an error counts, CLIENT REPLY holds. */
export function finishBlocked(session: Session, reply: ReplyWriter): void {
  const isCounted = countScriptErrors(session, reply);
  if (reply.bytes[0] === MINUS && !isCounted) countError(session, reply, 0);
  const { channel } = session;
  if (channel === null || (session.gate & GATE.REPLIES_OFF) === 0) return;
  applyReplyMode(session, channel, reply, { mode: channel.replyMode, mark: 0 });
}

/** Some bit of the session's gate is up: the rare checks, in Redis' order. */
function runGated(session: Session, frame: Frame, reply: ReplyWriter, command: Command): void {
  const { gate, node } = session;
  if ((gate & GATE.LOGIN_REQUIRED) !== 0 && !command.isNoAuth) {
    return refuse(session, reply, command, ERRORS.noAuth.text);
  }
  const { transaction } = session;
  const isQueued = transaction !== null && !command.runsInTransaction;
  if (isQueued && command.isNoMulti) {
    return refuse(session, reply, command, 'ERR Command not allowed inside a transaction');
  }
  if ((gate & GATE.RESTRICTED) !== 0) {
    const text = refuseAccess(session, frame, command);
    if (text !== null) return refuseToUser(session, reply, command, text);
  }
  if ((gate & GATE.STORE_BARRED) !== 0 && command.usesStore) {
    const text = session.store.isDropped
      ? ERRORS.storeDropped.text
      : refuseStore(session, session.store);
    if (text !== null) return refuseToUser(session, reply, command, text);
  }
  if ((gate & GATE.REDIRECTED) !== 0) {
    const text = refuseRedirected(session, frame, command);
    if (text !== null) return redirect(session, reply, command, text);
  }
  const isElsewhere =
    (gate & GATE.ROUTED) !== 0 && !isQueued && node.cluster.isElsewhere(session, frame, command);
  // Room is wanted where it runs.
  const wantedBytes = isElsewhere ? 0 : bytesWanted(transaction, frame, command);
  if (wantedBytes !== 0 && !hasRoom(session, frame, command, wantedBytes)) {
    return refuse(session, reply, command, ERRORS.outOfMemory.text);
  }
  if ((gate & GATE.STORE_UNSAFE) !== 0 && !isElsewhere && isWriting(command, transaction)) {
    const text = node.persistence.refusalOf(session.store);
    if (text !== null) return refuse(session, reply, command, text);
  }
  const state = refusalByState(session, command);
  if (state !== null) return refuse(session, reply, command, state);
  if ((gate & GATE.PAUSED) !== 0 && postpone(session, frame, command)) return;
  if (isQueued) return queue(session, transaction, frame, reply, command);
  if (isElsewhere) return node.cluster.forward(session, frame, command, reply);
  if (session.tracking === null) run(session, frame, reply, command);
  else runTracked(session, session.tracking, frame, reply, command);
  if ((gate & GATE.MONITORED) !== 0 && command.isMonitored) {
    node.monitors.report(session, frame);
  }
}

/** What the client or the node is at. @returns the error's text, or null */
function refusalByState(session: Session, command: Command): string | null {
  const { gate, node } = session;
  if ((gate & GATE.SUBSCRIBED) !== 0 && session.protocol === 2 && !command.runsSubscribed) {
    return (
      `ERR Can't execute '${command.fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / ` +
      'PING / QUIT / RESET are allowed in this context'
    );
  }
  if (session.isMonitor && command.touchesKeyspace) return ERRORS.monitorKeyspace.text;
  if ((gate & GATE.LOADING) !== 0 && !command.runsLoading) return ERRORS.loading.text;
  if ((gate & GATE.BUSY) !== 0 && !command.runsBusy) {
    const isEval = node.scripting.busyKind === 'eval';
    return (isEval ? ERRORS.busyScript : ERRORS.busyFunction).text;
  }
  return null;
}

/** PING too is refused where writes are, as in Redis: probes shall see it. */
function isWriting(command: Command, transaction: Transaction | null): boolean {
  if (command.fullName === 'exec') return transaction?.hasWrite === true;
  return command.isWrite || command.fullName === 'ping';
}

/** For a client that is told of changes to what it reads. */
function runTracked(
  session: Session,
  tracking: SessionTracking,
  frame: Frame,
  reply: ReplyWriter,
  command: Command,
): void {
  const service = session.node.tracking;
  service.enter(session, command);
  run(session, frame, reply, command);
  service.leave(session, frame, command, tracking);
}

/**
 * Room that must be there before the command begins; 0 when it needs none. A queue takes memory
 * too, and EXEC as much as all that it runs.
 */
function bytesWanted(transaction: Transaction | null, frame: Frame, command: Command): number {
  if (transaction === null) return command.isDenyOom ? payloadBytes(frame) : 0;
  if (!ENDS_TRANSACTION.has(command.fullName)) return payloadBytes(frame);
  const isExec = command.fullName === 'exec';
  return isExec && transaction.hasDenyOom ? transaction.queue.byteCount : 0;
}

const ENDS_TRANSACTION = new Set(['exec', 'discard', 'quit', 'reset']);

/** By access rules. What EXEC finds so is an error of its own, and no command was rejected. */
function refuseToUser(session: Session, reply: ReplyWriter, command: Command, text: string): void {
  if (session.running === null) return refuse(session, reply, command, text);
  session.running.isLastDenied = true;
  const mark = reply.position;
  reply.errorLatin1(text);
  countError(session, reply, mark);
}

/**
 * Refuses a command before it begins. A transaction that is open will then fail; one that EXEC
 * would have run ends here.
 * @param command  null when it is unknown
 */
function refuse(session: Session, reply: ReplyWriter, command: Command | null, text: string): void {
  if (session.transaction !== null) session.transaction.isBroken = true;
  if (session.tracking !== null) session.node.tracking.refused(session);
  const mark = reply.position;
  if (command !== null) command.rejectedCalls++;
  if (command?.fullName === 'exec') {
    endTransaction(session);
    const reason = text.startsWith('ERR ') ? text.slice(4) : text;
    reply.errorText(`EXECABORT Transaction discarded because of: ${reason}`);
  } else {
    reply.errorLatin1(text);
  }
  countError(session, reply, mark);
}

/** As `refuse`, but that EXEC as well is answered in the words that clients go by. */
function redirect(session: Session, reply: ReplyWriter, command: Command, text: string): void {
  if (session.transaction !== null) session.transaction.isBroken = true;
  if (command.fullName === 'exec') endTransaction(session);
  if (session.tracking !== null) session.node.tracking.refused(session);
  const mark = reply.position;
  command.rejectedCalls++;
  reply.errorLatin1(text);
  countError(session, reply, mark);
}

/** What will fail anyhow is not kept: it would only take memory. */
function queue(
  session: Session,
  transaction: Transaction,
  frame: Frame,
  reply: ReplyWriter,
  command: Command,
): void {
  const refusal = command.row.refuseQueued?.(session, frame) ?? null;
  if (refusal !== null) return refuse(session, reply, command, refusal);
  const isLost = transaction.isBroken || session.watched?.isDirty === true;
  if (!isLost) transaction.queue.append(frame);
  if (command.mayReplicate) transaction.hasWrite = true;
  if (command.isDenyOom && deniesOom(session, frame, command)) transaction.hasDenyOom = true;
  reply.simple('QUEUED');
}

/** CLIENT PAUSE: whether the command was put aside until the pause ends. */
function postpone(session: Session, frame: Frame, command: Command): boolean {
  const { clients } = session.node;
  if (session.channel === null || !session.mayWait) return false;
  if (clients.pausedUntilMs <= session.node.clock.nowMs) return false;
  const isExecWrite = command.fullName === 'exec' && session.transaction?.hasWrite === true;
  if (clients.pauseKind === 'write' && !command.mayReplicate && !isExecWrite) return false;
  session.channel.postpone(frame, clients.pausedUntilMs);
  return true;
}

/** CLIENT REPLY OFF and SKIP: the command runs, and its reply is dropped, errors as well. */
function executeSilenced(session: Session, frame: Frame, reply: ReplyWriter): void {
  const { channel } = session;
  if (channel === null) return;
  const mode = channel.replyMode;
  const mark = reply.position;
  execute(session, frame, reply);
  if ((session.gate & (GATE.POSTPONED | GATE.BLOCKED)) !== 0) return;
  applyReplyMode(session, channel, reply, { mode, mark });
}

/** @param before  where the command's reply begins, and the mode it began in */
function applyReplyMode(
  session: Session,
  channel: ClientChannel,
  reply: ReplyWriter,
  before: { mode: ClientChannel['replyMode']; mark: number },
): void {
  const { mode, mark } = before;
  const isStillOff = mode === 'off' && channel.replyMode === 'off';
  if (mode === 'skip' || isStillOff) reply.position = mark;
  if (mode === 'skip' && channel.replyMode === 'skip') {
    channel.replyMode = 'on';
    session.gate &= ~GATE.REPLIES_OFF;
  } else if (channel.replyMode === 'skip-next') {
    channel.replyMode = 'skip';
  }
  if (session.tracking !== null) session.node.tracking.tellWhatWaits(session);
}

/** What the arguments would take at most: the room a write may need. */
function payloadBytes(frame: Frame): number {
  const last = frame.count - 1;
  return frame.offsets[last] + frame.lengths[last] - frame.offsets[0];
}

function countError(session: Session, reply: ReplyWriter, mark: number): void {
  const { node } = session;
  node.counters[METRIC.errorReplies]++;
  node.statistics.recordError(reply.bytes, mark, reply.position);
}

/** The reply of a command that waited at another node has come: whether CLIENT REPLY drops it. */
export function takesForwardedReply(session: Session): boolean {
  const { channel } = session;
  if (channel === null || (session.gate & GATE.REPLIES_OFF) === 0) return true;
  if (channel.replyMode === 'off') return false;
  if (channel.replyMode !== 'skip') return true;
  channel.replyMode = 'on';
  session.gate &= ~GATE.REPLIES_OFF;
  return false;
}

const MINUS = 45;
