import type { RunningScript, ScriptKind } from '../commands/scripting/script-engine.ts';
import type { Session } from '../commands/session.ts';

/** The script that runs now: for whom, and what it may do. One object, used again for the next. */
export class ScriptRun {
  /** null while no script runs. */
  session: Session | null = null;
  kind: ScriptKind = 'eval';
  /** The digest of a script, the name of a function. */
  name = '';
  /** What its calls are answered in; `redis.setresp`. */
  protocol: 2 | 3 = 2;
  isReadOnly = false;
  allowsOom = false;
  /** It has called a command that writes: from then on it may not be refused or ended. */
  hasWritten = false;
  /** Everything in it sees this moment. */
  nowMs = 0;
  /** On the monotonic clock; 0 until the end of the first slice of steps. */
  startMs = 0;
  sliceStartMs = 0;
  /** Where SELECT has led it; null between scripts. */
  database: Session['database'] | null = null;
  isSuspended = false;
  isKillAsked = false;
}

/** Milliseconds and arguments of a suspended script, for FUNCTION STATS. */
export function describeRun(
  run: ScriptRun,
  command: readonly Uint8Array[],
  monotonicMs: number,
): RunningScript {
  const durationMs = Math.floor(monotonicMs - run.startMs);
  return { kind: run.kind, name: run.name, command, durationMs };
}
