import type { Frame } from '../../base/frame.ts';
import { NO_DEADLINE } from '../../engine/database.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { isJson } from '../../engine/values/string/string-value.ts';
import type { Session } from '../session.ts';

/**
 * What HTTP must know of a key before it chooses the command that reads it, and what no command's
 * reply tells. Taking one is no access: nothing is counted, the eviction policy hears nothing; who
 * may not read the key is told so by the command.
 */
export class KeyNote {
  /** One of TYPE; FREE when there is no such key. */
  type: number = TYPE.FREE;
  /** A string that is JSON other than a string. */
  isJson = false;
  /** NO_DEADLINE when it has none. */
  deadlineMs: number = NO_DEADLINE;

  take({ database }: Session, frame: Frame, keyArg: number): void {
    const entry = database.find(frame, keyArg);
    if (entry === 0) {
      this.type = TYPE.FREE;
      this.isJson = false;
      this.deadlineMs = NO_DEADLINE;
      return;
    }
    this.type = database.typeOf(entry);
    this.isJson = this.type === TYPE.STRING && isJson(database, entry);
    this.deadlineMs = database.deadlineOf(entry);
  }
}
