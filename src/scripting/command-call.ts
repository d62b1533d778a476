/**
 * `redis.call` and `redis.pcall`: arguments into a frame, the checks that scripts have words of
 * their own for, the one door, and the reply into a value. The frame and the writer are reused.
 */
import { findCommand, refuseScriptAccess } from '../commands/acl/enforce.ts';
import type { Command } from '../commands/command-table.ts';
import { executeForScript, refuseForScript } from '../commands/execute-command.ts';
import type { Session } from '../commands/session.ts';
import { ERRORS } from '../protocol/error-table.ts';
import { ReplyWriter } from '../protocol/reply-writer.ts';
import { CallFrame } from './call-frame.ts';
import type { LuaTable } from './lua/lua-table.ts';
import { LuaError, type LuaHost, type LuaNative, type LuaValue } from './lua/lua-value.ts';
import { errorTable, ReplyToLua } from './reply-to-lua.ts';
import type { ScriptRun } from './script-run.ts';

export const CALL_TEXTS = {
  noArguments: 'ERR Please specify at least one argument for this redis lib call',
  wrongArgument: 'ERR Lua redis lib command arguments must be strings or integers',
} as const;

export class CommandCall {
  readonly callFrame = new CallFrame();
  private readonly run: ScriptRun;
  private readonly writer = new ReplyWriter(4096);
  private readonly replies: ReplyToLua;

  constructor(run: ScriptRun, host: LuaHost) {
    this.run = run;
    this.replies = new ReplyToLua(host);
  }

  /** `redis.call`: an error is raised. */
  readonly call: LuaNative = (host, args) => {
    const value = this.execute(host, args);
    if (this.writer.bytes[0] === MINUS) throw new LuaError(value, 0);
    return value;
  };

  /** `redis.pcall`: an error is a value. */
  readonly pcall: LuaNative = (host, args) => this.execute(host, args);

  private execute(host: LuaHost, args: readonly LuaValue[]): LuaValue {
    const { callFrame, run, writer } = this;
    const { session } = run;
    writer.reset();
    if (session === null) {
      return this.refuseCall(host, 'ERR redis.call/pcall can only be called inside a script');
    }
    if (args.length === 0) return this.refuseCall(host, CALL_TEXTS.noArguments);
    if (!callFrame.fill(args)) return this.refuseCall(host, CALL_TEXTS.wrongArgument);
    const { frame } = callFrame;
    writer.protocol = run.protocol;
    session.protocol = run.protocol;
    const command = findCommand(session, frame);
    const refusal = this.refusalOf(session, command);
    if (command === null || refusal !== null) {
      refuseForScript(session, writer, command, refusal ?? '');
    } else {
      if (command.isWrite) run.hasWritten = true;
      executeForScript(session, frame, writer, command);
    }
    return this.replies.convert(writer.bytes);
  }

  /** Not a command's error: nothing counts it but the script's own reply. */
  private refuseCall(host: LuaHost, text: string): LuaTable {
    this.writer.bytes[0] = MINUS;
    const table = errorTable(host, text);
    table.setString('ignore_error_stats_update', undefined);
    return table;
  }

  private refusalOf(session: Session, command: Command | null): string | null {
    const { run } = this;
    const { frame } = this.callFrame;
    const { node } = session;
    if (command === null) return 'ERR Unknown Redis command called from script';
    const { arity } = command;
    const isWrong = arity > 0 ? frame.count !== arity : frame.count < -arity;
    if (isWrong || command.execute === null) {
      return 'ERR Wrong number of args calling Redis command from script';
    }
    if (command.isNoScript && (!node.debug.runsDeniedInScripts || command.isScript)) {
      return 'ERR This Redis command is not allowed from script';
    }
    const denial = refuseScriptAccess(session, frame, command);
    if (denial !== null) return denial;
    const foreign = node.cluster.refuseInScript(session, frame, command);
    if (foreign !== null) return foreign;
    if (run.isReadOnly && command.mayReplicate) {
      return 'ERR Write commands are not allowed from read-only scripts.';
    }
    // What has begun to write must be able to end.
    if (command.isWrite && !run.hasWritten) {
      const refusal = node.persistence.refusalOf(session.store);
      if (refusal !== null) return refusal;
    }
    if (command.isDenyOom && !run.hasWritten && !run.allowsOom) {
      const last = frame.count - 1;
      const byteCount = frame.offsets[last] + frame.lengths[last];
      if (!session.store.makeRoom(byteCount)) return ERRORS.outOfMemory.text;
    }
    return null;
  }
}

const MINUS = 45;
