import { Frame } from '../base/frame.ts';
import { CommandQueue } from '../commands/command-queue.ts';
import { COMMAND_ROWS, type Command, CommandTable } from '../commands/command-table.ts';
import type { NodeServices } from '../commands/node-services.ts';
import { Session } from '../commands/session.ts';
import { Effect } from '../engine/effect.ts';
import type { Store } from '../engine/store.ts';
import { markJson } from '../engine/values/string/string-value.ts';
import { MARK } from '../journal/extension.ts';
import { ReplyWriter } from '../protocol/reply-writer.ts';

/**
 * Executes recorded commands on a store, past the door: uncounted, unlimited, whatever clients may
 * do. Of a log, a transaction is executed when its end has come.
 */
export class CommandReplay {
  commandCount = 0;
  /** Commands that answered with an error: what is in memory is not what wrote the log. */
  failedCount = 0;
  /** The first such command and its error. */
  firstFailure = '';
  private lastFailure = '';
  private readonly store: Store;
  private readonly session: Session;
  /** Without the names that the settings give commands: logs hold the real ones. */
  private readonly table: CommandTable;
  private readonly reply = new ReplyWriter(4096);
  private readonly effect = new Effect('');
  private readonly queued = new Frame();
  /** Between MULTI and EXEC; of each command, whether it is ours alone. */
  private queue: CommandQueue | null = null;
  private readonly areOurs: boolean[] = [];
  private mark = '';

  constructor(node: NodeServices, store: Store) {
    this.store = store;
    const isRenamed = node.configuration.security.renamedCommands.length > 0;
    this.table = isRenamed ? new CommandTable(COMMAND_ROWS, []) : node.table;
    this.session = new Session({ id: 0, node, store, channel: null, nowMs: node.clock.nowMs });
  }

  get isInTransaction(): boolean {
    return this.queue !== null;
  }

  /** Each file begins in database 0. */
  beginFile(): void {
    this.session.database = this.store.databases[0];
    this.queue = null;
    this.areOurs.length = 0;
    this.mark = '';
  }

  /**
   * @param isOurs  it stood in an annotation
   * @returns       '' or why a log with this command cannot be loaded
   */
  apply(frame: Frame, isOurs: boolean): string {
    const { queue } = this;
    if (!isOurs && frame.equals(0, 'MULTI')) {
      if (queue !== null) return 'a transaction begins within another';
      this.queue = new CommandQueue();
      return '';
    }
    if (!isOurs && frame.equals(0, 'EXEC')) {
      if (queue === null) return 'a transaction ends that has not begun';
      this.queue = null;
      return this.applyQueue(queue);
    }
    if (queue === null) return this.run(frame, isOurs);
    queue.append(frame);
    this.areOurs.push(isOurs);
    return '';
  }

  /**
   * Executes one change as the mutation sink told it, JSON mark and all.
   * @returns '' or why it could not be executed
   */
  applyEffect(frame: Frame, databaseIndex: number): string {
    const { session, store } = this;
    const { failedCount } = this;
    session.database = store.databases[databaseIndex];
    session.marksJson = true;
    const reason = this.execute(frame);
    session.marksJson = false;
    return reason === '' && this.failedCount > failedCount ? this.lastFailure : reason;
  }

  private applyQueue(queue: CommandQueue): string {
    let reason = '';
    for (let i = 0; reason === '' && queue.shift(this.queued); i++) {
      reason = this.run(this.queued, this.areOurs[i]);
    }
    this.areOurs.length = 0;
    return reason;
  }

  private run(frame: Frame, isOurs: boolean): string {
    if (isOurs && frame.count === 1) {
      this.mark = frame.latin1(0);
      return '';
    }
    if (this.mark !== '') return this.runMarked(frame);
    if (frame.lengths[0] === 6 && frame.equals(0, 'SELECT')) return this.select(frame);
    return this.execute(frame);
  }

  /** What an annotation said of this command. */
  private runMarked(frame: Frame): string {
    const { mark, session } = this;
    this.mark = '';
    if (mark === MARK.JSON && frame.equals(0, 'SET')) {
      const reason = this.execute(frame);
      const entry = session.database.find(frame, 1);
      if (entry !== 0) markJson(session.database, entry);
      return reason;
    }
    if (mark === MARK.KEEPS_FIELDS && frame.equals(0, 'HSET')) {
      return this.execute(this.keepingFields(frame));
    }
    return `an annotation says ${mark} of a command that it does not fit`;
  }

  private keepingFields(frame: Frame): Frame {
    const { bytes, count, lengths, offsets } = frame;
    const effect = this.effect.begin('HSETEX', 0, 1).bytes(bytes, offsets[1], lengths[1]);
    effect
      .text('KEEPTTL')
      .text('FIELDS')
      .number((count - 2) / 2);
    for (let arg = 2; arg < count; arg++) effect.bytes(bytes, offsets[arg], lengths[arg]);
    return effect.frame;
  }

  private select(frame: Frame): string {
    const index = frame.count === 2 ? Number(frame.latin1(1)) : Number.NaN;
    const database = this.store.databases[index];
    if (database === undefined) return `there is no database ${frame.latin1(1)}`;
    this.session.database = database;
    return '';
  }

  private execute(frame: Frame): string {
    const { reply, session } = this;
    const command = this.find(frame);
    if (command === null || command.execute === null) {
      return `the command ${frame.latin1(0).slice(0, 64)} is unknown`;
    }
    const { arity } = command;
    if (arity > 0 ? frame.count !== arity : frame.count < -arity) {
      return `the command ${command.fullName} has a wrong number of arguments`;
    }
    reply.reset();
    this.commandCount++;
    this.store.actorId = 0;
    const { errorCount } = reply;
    command.execute(session, frame, reply);
    if (reply.errorCount !== errorCount) this.noteFailure(command);
    return '';
  }

  private find(frame: Frame): Command | null {
    const command = this.table.findFrame(frame);
    if (command === null || command.subcommands === null || frame.count < 2) return command;
    return command.subcommands.get(frame.latin1(1).toLowerCase()) ?? null;
  }

  private noteFailure(command: Command): void {
    this.failedCount++;
    const { bytes, position } = this.reply;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, position).toString('latin1').trim();
    this.lastFailure = `${command.fullName}: ${text.slice(1)}`;
    if (this.failedCount === 1) this.firstFailure = this.lastFailure;
  }
}
