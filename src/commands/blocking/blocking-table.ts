import type { Frame } from '../../base/frame.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { Session } from '../session.ts';

/** What a command waits for, and what is answered when it does not come. */
export interface KeyWait {
  /** The keys among the arguments of `frame`: `keyCount` of them, `keyStep` (1) apart. */
  readonly firstKeyArg: number;
  readonly keyCount: number;
  readonly keyStep?: number;
  /** Where the number of keys stands among the arguments (BLMPOP, BZMPOP); else 0 or absent. */
  readonly keyCountArg?: number;
  /** As many arguments as there are keys follow them, one for each (XREAD's ids). */
  readonly hasKeyArguments?: boolean;
  /** From now on; 0: for ever. As `parseTimeoutS` and `parseTimeoutMs` give it. */
  readonly timeoutMs: number;
  /** TYPE of engine/keyspace/entry.ts: keys that hold another type do not wake the client. */
  readonly type: number;
  readonly timeoutReply: 'null' | 'null-array';
  /** In MULTI and scripts, where nothing waits; absent: as `timeoutReply`. */
  readonly refusedReply?: 'null' | 'null-array';
  /** XREADGROUP: the command is also run again when a key is removed or becomes another type. */
  readonly unblockOnDelete?: boolean;
  /** What to run again in place of `frame`, same positions: XREAD, whose `$` became an id. */
  readonly replay?: Frame;
}

/**
 * Clients that wait: for keys (BLPOP, BZPOPMIN, XREAD BLOCK and their kin), or only for time (WAIT).
 */
export class BlockingTable {
  /**
   * The command in `frame` found nothing: its client waits until one of the keys is ready, and the
   * command is then run again from its beginning, with that key only. Called as the last thing by a
   * command that has written no reply and changed nothing:
   *
   *     if (!popFirst(session, frame, reply)) session.node.blocking.blockOnKeys(session, frame, reply, {
   *       firstKeyArg: 1, keyCount: frame.count - 2, timeoutMs, type: TYPE.LIST,
   *       timeoutReply: 'null-array',
   *     });
   *
   * When the second run finds nothing either it calls this once more, and the client keeps its
   * place and its deadline. Where a client may not wait (MULTI, scripts, no channel) the reply of
   * a timeout is written at once.
   */
  blockOnKeys(_session: Session, _frame: Frame, reply: ReplyWriter, wait: KeyWait): void {
    if ((wait.refusedReply ?? wait.timeoutReply) === 'null') reply.null();
    else reply.nullArray();
  }

  /**
   * A timeout in seconds with a fraction, as BLPOP has it.
   * @returns whole milliseconds, rounded up; 0: for ever; -1 after an error reply was written
   */
  parseTimeoutS(_frame: Frame, _arg: number, _reply: ReplyWriter): number {
    return 0;
  }

  /**
   * A timeout in whole milliseconds, as XREAD BLOCK and WAIT have it.
   * @returns milliseconds; 0: for ever; -1 after an error reply was written
   */
  parseTimeoutMs(_frame: Frame, _arg: number, _reply: ReplyWriter): number {
    return 0;
  }
}
