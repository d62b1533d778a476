import type { Frame } from '../../base/frame.ts';
import { NO_DEADLINE } from '../../engine/database.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { isJson } from '../../engine/values/string/string-value.ts';
import type { ReplyValue } from '../../protocol/reply-values.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { Session } from '../session.ts';

/**
 * What HTTP must know of a key before it chooses the command that reads it, and what no command's
 * reply tells. Taking one is no access: nothing is counted, the eviction policy hears nothing; who
 * may not read the key is told so by the command.
 */
export interface KeyNote {
  /** One of TYPE; FREE when there is no such key. */
  readonly type: number;
  /** A string that is JSON other than a string. */
  readonly isJson: boolean;
  /** NO_DEADLINE when it has none. */
  readonly deadlineMs: number;
}

const NO_KEY: KeyNote = { type: TYPE.FREE, isJson: false, deadlineMs: NO_DEADLINE };

export function takeNote({ database }: Session, frame: Frame, keyArg: number): KeyNote {
  const entry = database.find(frame, keyArg);
  if (entry === 0) return NO_KEY;
  const type = database.typeOf(entry);
  const deadlineMs = database.deadlineOf(entry);
  return { type, isJson: type === TYPE.STRING && isJson(database, entry), deadlineMs };
}

/**
 * At the node that executes GET for an HTTP request at another one: its reply is an array, which
 * GET's own ends.
 */
export function openNotedReply(writer: ReplyWriter, note: KeyNote): void {
  writer.array(4);
  writer.integer(note.type);
  writer.integer(note.isJson ? 1 : 0);
  // Infinite when there is none: no integer.
  writer.bulkText(String(note.deadlineMs));
}

/** The note, and what GET itself has answered. */
export function readNotedReply(reply: ReplyValue): { note: KeyNote; value: ReplyValue } {
  const [type, isMarked, deadline, value] = reply as ReplyValue[];
  const note = { type: Number(type), isJson: isMarked === 1, deadlineMs: Number(String(deadline)) };
  return { note, value };
}
