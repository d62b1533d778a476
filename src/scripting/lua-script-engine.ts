/**
 * Runs scripts and functions for their commands.
 *
 * A script runs at once and to its end, as the session that called it. When it has taken longer
 * than `busy_reply_threshold` it is suspended where it stands: every other client is told BUSY, the
 * loop turns, and the script goes on in slices of some milliseconds until it ends or is killed.
 * Nothing else may change data meanwhile, so it stays one step for everybody who looks.
 *
 *     evaluate -> start -> DONE ------------------> reply
 *                       -> SUSPENDED -> (resume)* -> answerBlocked
 */
import type { Configuration } from '../base/configuration.ts';
import type { Frame } from '../base/frame.ts';
import type { Logger } from '../base/logger.ts';
import type { TurnClock } from '../base/turn-clock.ts';
import type { World } from '../base/world.ts';
import { finishBlocked } from '../commands/execute-command.ts';
import { integer64Argument, integerArgument } from '../commands/integer-argument.ts';
import type { ClientRegistry } from '../commands/node-services.ts';
import type {
  EvaluationForm,
  Outcome,
  RunningScript,
  ScriptEngine,
  ScriptFacts,
  ScriptKind,
} from '../commands/scripting/script-engine.ts';
import { GATE, type Session } from '../commands/session.ts';
import { ERRORS } from '../protocol/error-table.ts';
import { ReplyWriter } from '../protocol/reply-writer.ts';
import { CommandCall } from './command-call.ts';
import { compileScript } from './compile-script.ts';
import { FunctionTable } from './function-table.ts';
import { latin1Text } from './latin1-text.ts';
import { type LuaRuntime, RUN, type RunState, ScriptKilled } from './lua/lua-runtime.ts';
import type { LuaTable } from './lua/lua-table.ts';
import type { LuaFunction, LuaValue } from './lua/lua-value.ts';
import { createLuaRuntime } from './lua/open-libraries.ts';
import { writeLuaReply } from './lua-to-reply.ts';
import { createRedisTable } from './redis-table.ts';
import { type CachedScript, digestOf, ScriptCache } from './script-cache.ts';
import { errorText, writeFailure } from './script-failure.ts';
import { parseScriptHeader, type ScriptFlags } from './script-header.ts';
import { describeRun, ScriptRun } from './script-run.ts';

/** Strings and tables that a script may make before the heap is looked at once more. */
const BYTES_MAX = 512 * 1024 * 1024;
/** How far the heap may grow under a script that goes on making things. */
const HEAP_GROWTH_BYTES_MAX = 768 * 1024 * 1024;
const HEAP_LOOK_MS = 50;
/** About 0.2 ms. */
const SLICE_STEPS = 20_000;
/** Of the host's 984 KiB, most of which may be used already where the call comes from. */
const STACK_BYTES_MAX = 400 * 1024;
/** A suspended script goes on for so long in each turn of the loop. */
const SLICE_MS = 5;
/** Beyond the threshold, where a script cannot be suspended: in EXEC, in a callback of sort. */
const UNINTERRUPTED_MS_MAX = 10_000;
const LOAD_MS_MAX = 500;
const WRITER_BYTES = 4_096;

export interface ScriptEngineOptions {
  readonly world: World;
  readonly clock: TurnClock;
  readonly configuration: Configuration;
  readonly clients: ClientRegistry;
  readonly logger: Logger;
}

/** One Lua, with the part of it that calls commands. Scripts have one, functions another. */
interface LuaSide {
  readonly runtime: LuaRuntime;
  readonly calls: CommandCall;
}

export class LuaScriptEngine implements ScriptEngine {
  readonly functions: FunctionTable;
  private readonly options: ScriptEngineOptions;
  private readonly cache: ScriptCache;
  private readonly run = new ScriptRun();
  private readonly writer = new ReplyWriter(WRITER_BYTES);
  private scriptSide: LuaSide | null = null;
  private functionSide: LuaSide | null = null;
  /** The Lua of the script that runs. */
  private runtime: LuaRuntime | null = null;
  private main: LuaFunction | null = null;
  /** Arguments of the suspended command. */
  private command: Uint8Array[] = [];
  /** A library is being loaded since then; 0: none is. */
  private loadStartMs = 0;
  private heapLookMs = 0;
  private heapStartBytes = 0;
  private isStopped = false;
  private readonly onTurn = () => this.continueRun();

  constructor(options: ScriptEngineOptions) {
    this.options = options;
    this.cache = new ScriptCache(options.world.random);
    this.functions = new FunctionTable({
      openRuntime: () => this.openFunctionSide().runtime,
      runMain: (main) => this.loadLibrary(main),
      logger: options.logger,
    });
  }

  get isBusy(): boolean {
    return this.run.isSuspended;
  }

  get busyKind(): ScriptKind {
    return this.run.kind;
  }

  get running(): RunningScript | null {
    if (!this.run.isSuspended) return null;
    return describeRun(this.run, this.command, this.options.world.clock.monotonicMs());
  }

  get facts(): ScriptFacts {
    return {
      scriptCount: this.cache.count,
      scriptBytes: this.cache.heldBytes,
      functionBytes: this.functions.heldBytes,
    };
  }

  evaluate(session: Session, frame: Frame, reply: ReplyWriter, form: EvaluationForm): void {
    this.showToMonitors(session, frame);
    if (form.isByDigest && frame.lengths[1] !== 40) return reply.error(ERRORS.noScript);
    const keyCount = this.parseKeyCount(frame, reply, ERRORS.notInteger.text);
    if (keyCount < 0) return;
    let script = form.isByDigest
      ? this.cache.findByDigest(frame, 1)
      : this.cache.findBySource(frame, 1);
    if (script === null) {
      if (form.isByDigest) return reply.error(ERRORS.noScript);
      const source = frame.copyArgument(1);
      const made = this.addScript(source);
      if (typeof made === 'string') return reply.errorLatin1(made);
      session.node.cluster.shareScript(source, false);
      script = made;
    }
    const main = script.main ?? this.compileTold(script);
    if (typeof main === 'string') return reply.errorLatin1(main);
    const { runtime } = this.openScriptSide();
    const { digest, flags } = script;
    if (!this.mayRun(session, reply, flags, form.isReadOnly)) return;
    runtime.setGlobal('KEYS', listOf(runtime, frame, 3, keyCount));
    runtime.setGlobal('ARGV', listOf(runtime, frame, 3 + keyCount, frame.count - 3 - keyCount));
    this.run.kind = 'eval';
    this.prepare(runtime, main, digest, flags, form.isReadOnly);
    this.start(session, frame, reply, NO_ARGUMENTS);
  }

  callFunction(session: Session, frame: Frame, reply: ReplyWriter, isReadOnly: boolean): void {
    this.showToMonitors(session, frame);
    const found = this.functions.find(frame.latin1(1));
    if (found === null) return reply.errorText('ERR Function not found');
    const keyCount = this.parseKeyCount(frame, reply, 'ERR Bad number of keys provided');
    if (keyCount < 0 || !this.mayRun(session, reply, found.scriptFlags, isReadOnly)) return;
    const { runtime } = this.openFunctionSide();
    const args = [
      listOf(runtime, frame, 3, keyCount),
      listOf(runtime, frame, 3 + keyCount, frame.count - 3 - keyCount),
    ];
    const { callback, name, scriptFlags } = found;
    this.run.kind = 'function';
    this.prepare(runtime, callback, name, scriptFlags, isReadOnly);
    this.start(session, frame, reply, args);
  }

  deniesOom(frame: Frame, commandName: string): boolean {
    const flags = this.flagsOf(frame, commandName);
    return flags !== null && !flags.isCompatible && !flags.isNoWrites && !flags.allowsOom;
  }

  loadScript(source: string): Outcome {
    const bytes = Buffer.from(source, 'latin1');
    const script = this.cache.findDigest(digestOf(bytes)) ?? this.addScript(bytes);
    if (typeof script === 'string') return { value: '', error: script };
    script.isKept = true;
    return { value: script.digest, error: '' };
  }

  keepTold(source: Uint8Array, isLoaded: boolean): void {
    this.cache.keepTold(source, isLoaded);
  }

  hasScript(digest: string): boolean {
    return this.cache.findDigest(digest) !== null;
  }

  flushScripts(): void {
    this.cache.clear();
  }

  kill(kind: ScriptKind): string | null {
    const { run } = this;
    if (!run.isSuspended) return 'NOTBUSY No scripts in execution right now.';
    if (run.hasWritten) return UNKILLABLE;
    if (run.kind !== kind) {
      return (run.kind === 'eval' ? ERRORS.busyScript : ERRORS.busyFunction).text;
    }
    run.isKillAsked = true;
    return null;
  }

  /** The node stops: a suspended script does not go on. */
  stop(): void {
    this.isStopped = true;
    if (this.run.isSuspended) this.run.session?.channel?.close();
  }

  /** Null: there is no such script, or its first line cannot be read; that is told when it runs. */
  private flagsOf(frame: Frame, commandName: string): ScriptFlags | null {
    if (commandName.startsWith('fcall')) {
      return this.functions.find(frame.latin1(1))?.scriptFlags ?? null;
    }
    if (commandName.startsWith('evalsha')) {
      return frame.lengths[1] === 40 ? (this.cache.findByDigest(frame, 1)?.flags ?? null) : null;
    }
    const header = parseScriptHeader(frame.latin1(1));
    return typeof header === 'string' ? null : header.flags;
  }

  private showToMonitors(session: Session, frame: Frame): void {
    if ((session.gate & GATE.MONITORED) === 0) return;
    session.node.monitors.report(session, frame);
  }

  /** Argument 2. @returns -1 after an error reply was written */
  private parseKeyCount(frame: Frame, reply: ReplyWriter, notInteger: string): number {
    const small = integerArgument(frame, 2);
    if (small >= 0 && small <= frame.count - 3) return small;
    const count = integer64Argument(frame, 2);
    if (count === null) reply.errorText(notInteger);
    else if (count > frame.count - 3) {
      reply.errorText("ERR Number of keys can't be greater than number of args");
    } else reply.errorText("ERR Number of keys can't be negative");
    return -1;
  }

  /** What a script that names its flags is refused before it begins. */
  private mayRun(
    session: Session,
    reply: ReplyWriter,
    flags: ScriptFlags,
    isReadOnly: boolean,
  ): boolean {
    if (this.run.session !== null) {
      reply.errorText('ERR This Redis command is not allowed from script');
      return false;
    }
    if (flags.isCompatible || flags.isNoWrites) return true;
    let refusal = session.node.persistence.scriptRefusalOf(session.store);
    if (!flags.allowsOom && !session.store.makeRoom(0)) refusal ??= ERRORS.outOfMemory.text;
    if (isReadOnly) refusal ??= 'ERR Can not execute a script with write flag using *_ro command.';
    if (refusal !== null) reply.errorText(refusal);
    return refusal === null;
  }

  /** @returns the error's text when it cannot be compiled */
  private addScript(source: Uint8Array): CachedScript | string {
    const compiled = compileScript(this.openScriptSide().runtime, source);
    if (typeof compiled === 'string') return compiled;
    return this.cache.add({ source, digest: digestOf(source), ...compiled });
  }

  /** One that another node has told of is used for the first time. */
  private compileTold(script: CachedScript): LuaFunction | string {
    const compiled = compileScript(this.openScriptSide().runtime, script.source);
    return typeof compiled === 'string' ? compiled : this.cache.noteCompiled(script, compiled);
  }

  /**
   * Fills the run and begins it. What is handed over one by one could be one object, made for every
   * call.
   */
  private start(session: Session, frame: Frame, reply: ReplyWriter, args: LuaValue[]): void {
    const { run } = this;
    const { lastCommand } = session;
    run.session = session;
    run.database = session.database;
    run.protocol = 2;
    run.hasWritten = false;
    run.isKillAsked = false;
    run.nowMs = this.options.clock.nowMs;
    run.startMs = 0;
    this.heapLookMs = 0;
    session.store.sink.beginGroup();
    let state: RunState;
    try {
      state = this.runSlice(session, SLICE.FIRST, args);
    } catch (error) {
      this.endRun(session);
      throw error;
    }
    session.lastCommand = lastCommand;
    if (state === RUN.SUSPENDED) this.suspend(session, frame);
    else {
      this.endRun(session);
      this.writeOutcome(reply, state);
    }
  }

  private prepare(
    runtime: LuaRuntime,
    main: LuaFunction,
    name: string,
    flags: ScriptFlags,
    isReadOnly: boolean,
  ): void {
    const { run } = this;
    this.runtime = runtime;
    this.main = main;
    run.name = name;
    run.isReadOnly = isReadOnly || (!flags.isCompatible && flags.isNoWrites);
    run.allowsOom = flags.allowsOom;
  }

  /** The session is the script's for the time of a slice: its database, its protocol. */
  private runSlice(session: Session, slice: number, args: LuaValue[]): RunState {
    const { main, run, runtime } = this;
    const { database, protocol } = session;
    if (main === null || runtime === null) return RUN.FAILED;
    session.database = run.database ?? database;
    session.isInScript = true;
    try {
      if (slice === SLICE.FIRST) return runtime.run(main, args);
      if (slice === SLICE.NEXT) return runtime.resume();
      return runtime.kill('Script killed by user with SCRIPT KILL...');
    } finally {
      run.database = session.database;
      session.database = database;
      session.protocol = protocol;
      session.isInScript = false;
    }
  }

  private endRun(session: Session): void {
    this.run.session = null;
    this.run.database = null;
    session.store.sink.endGroup();
  }

  private writeOutcome(reply: ReplyWriter, state: RunState): void {
    const { run, runtime } = this;
    if (runtime === null) return;
    if (state === RUN.DONE) writeLuaReply(reply, runtime.results[0], run.protocol);
    else writeFailure(reply, runtime, run);
    runtime.results = [];
    runtime.errorValue = undefined;
  }

  private suspend(session: Session, frame: Frame): void {
    const { clients, logger, world } = this.options;
    const { run } = this;
    run.isSuspended = true;
    this.command = Array.from({ length: frame.count }, (_, arg) => frame.copyArgument(arg));
    session.gate |= GATE.BLOCKED;
    clients.setGate(GATE.BUSY, true);
    const durationMs = Math.floor(world.clock.monotonicMs() - run.startMs);
    const { correlationId, id: clientId } = session;
    const facts = { correlationId, script: run.name, clientId, durationMs };
    logger.warn('slow-script', 'A script takes long: other clients are told BUSY', facts);
    world.timers.atTurnEnd(this.onTurn);
  }

  private continueRun(): void {
    const { run, runtime } = this;
    const { clock, world } = this.options;
    const { session } = run;
    if (session === null || runtime === null || this.isStopped) return;
    const { changeCount } = session;
    run.sliceStartMs = world.clock.monotonicMs();
    clock.nowMs = run.nowMs;
    let state: RunState;
    try {
      state = this.runSlice(session, run.isKillAsked ? SLICE.LAST : SLICE.NEXT, []);
    } catch (error) {
      this.endSuspension(session);
      session.channel?.failBlocked(error, run.hasWritten || session.changeCount !== changeCount);
      return;
    } finally {
      clock.refresh();
    }
    if (state === RUN.SUSPENDED) world.timers.atTurnEnd(this.onTurn);
    else this.answer(session, state);
  }

  private answer(session: Session, state: RunState): void {
    const { run, writer } = this;
    this.endSuspension(session);
    writer.reset();
    writer.protocol = session.protocol;
    this.writeOutcome(writer, state);
    const durationUs = (this.options.world.clock.monotonicMs() - run.startMs) * 1000;
    session.node.latency.recordCommand(session.lastCommand, durationUs, 1);
    finishBlocked(session, writer);
    session.channel?.answerBlocked(writer.bytes, 0, writer.position);
    const { blocking } = session.node;
    if (blocking.hasReady) blocking.serve();
  }

  private endSuspension(session: Session): void {
    this.run.isSuspended = false;
    this.command = [];
    session.gate &= ~GATE.BLOCKED;
    this.options.clients.setGate(GATE.BUSY, false);
    this.endRun(session);
  }

  /** The main part of a library. @returns the error's text, or null */
  private loadLibrary(main: LuaFunction): string | null {
    const { runtime } = this.openFunctionSide();
    this.loadStartMs = this.options.world.clock.monotonicMs();
    const state = runtime.run(main, []);
    this.loadStartMs = 0;
    return state === RUN.DONE ? null : errorText(runtime.errorValue);
  }

  /** Whether the script is to be suspended here. */
  private onSlice(canSuspend: boolean): boolean {
    const { run } = this;
    const nowMs = this.options.world.clock.monotonicMs();
    if (this.loadStartMs > 0) {
      if (nowMs - this.loadStartMs < LOAD_MS_MAX) return false;
      throw new ScriptKilled('FUNCTION LOAD timeout');
    }
    // Reading the clock at every start would cost a short script more than its own steps do.
    if (run.startMs === 0) {
      run.startMs = nowMs;
      run.sliceStartMs = nowMs;
    }
    if (nowMs - this.heapLookMs > HEAP_LOOK_MS) this.lookAtHeap(nowMs);
    if (run.isSuspended && canSuspend) return nowMs - run.sliceStartMs >= SLICE_MS;
    const { busyReplyThresholdMs } = this.options.configuration.scripting;
    if (busyReplyThresholdMs <= 0 || nowMs - run.startMs < busyReplyThresholdMs) return false;
    if (canSuspend && mayBeSuspended(run.session)) return true;
    if (nowMs - run.sliceStartMs < busyReplyThresholdMs + UNINTERRUPTED_MS_MAX) return false;
    throw new ScriptKilled('Script ended: it ran for too long where it cannot be suspended');
  }

  /** What is garbage by now is given back to the budget as long as the heap stays small. */
  private lookAtHeap(nowMs: number): void {
    const { heapUsedBytes } = this.options.world.host.memoryUse();
    if (this.heapLookMs === 0) this.heapStartBytes = heapUsedBytes;
    this.heapLookMs = nowMs;
    if (heapUsedBytes - this.heapStartBytes > HEAP_GROWTH_BYTES_MAX) return;
    if (this.runtime !== null) this.runtime.machine.budget.bytesLeft = BYTES_MAX;
  }

  private openScriptSide(): LuaSide {
    this.scriptSide ??= this.createSide();
    return this.scriptSide;
  }

  private openFunctionSide(): LuaSide {
    this.functionSide ??= this.createSide();
    return this.functionSide;
  }

  private createSide(): LuaSide {
    const runtime = createLuaRuntime({
      bytesMax: BYTES_MAX,
      sliceSteps: SLICE_STEPS,
      stackBytesMax: STACK_BYTES_MAX,
      onSlice: (canSuspend) => this.onSlice(canSuspend),
    });
    const { machine, globals } = runtime;
    const calls = new CommandCall(this.run, machine);
    const { logger } = this.options;
    const table = createRedisTable({ host: machine, run: this.run, calls, logger });
    globals.setString('redis', table);
    globals.setString('server', table);
    runtime.protect();
    return { runtime, calls };
  }
}

const SLICE = { FIRST: 0, NEXT: 1, LAST: 2 } as const;
const NO_ARGUMENTS: LuaValue[] = [];

const UNKILLABLE =
  'UNKILLABLE Sorry the script already executed write commands against the dataset. You can ' +
  'either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE ' +
  'command.';

/** EXEC must answer at once, and so must the program that embeds the node. */
function mayBeSuspended(session: Session | null): boolean {
  return session !== null && session.channel !== null && session.running === null;
}

function listOf(runtime: LuaRuntime, frame: Frame, firstArg: number, count: number): LuaTable {
  const items: LuaValue[] = [undefined];
  for (let arg = firstArg; arg < firstArg + count; arg++) {
    items.push(latin1Text(frame.bytes, frame.offsets[arg], frame.lengths[arg]));
  }
  return runtime.machine.adoptList(items);
}
