/**
 * What the commands of scripting ask of the part that runs scripts. Implemented in `scripting/`,
 * wired in `node.ts`. Texts (code, names, digests) have one char per byte.
 */
import type { Frame } from '../../base/frame.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { Session } from '../session.ts';

export interface ScriptEngine {
  /** A script has run for so long that everybody else is told BUSY. */
  readonly isBusy: boolean;
  /** What BUSY says to others: whether SCRIPT KILL or FUNCTION KILL would end it. */
  readonly busyKind: ScriptKind;
  /** EVAL, EVALSHA and their read-only forms: numkeys and all behind it are arguments 2 and on. */
  evaluate(session: Session, frame: Frame, reply: ReplyWriter, form: EvaluationForm): void;
  /** FCALL and FCALL_RO. */
  callFunction(session: Session, frame: Frame, reply: ReplyWriter, isReadOnly: boolean): void;
  /** Whether the script or function that a command (`eval`, `fcall` ...) names needs room. */
  deniesOom(frame: Frame, commandName: string): boolean;
  /** SCRIPT LOAD. @returns the digest, or why it cannot be compiled */
  loadScript(source: string): Outcome;
  /**
   * Another node has compiled the script; this one does when it is used.
   * @param source    kept
   * @param isLoaded  by SCRIPT LOAD: it stays until SCRIPT FLUSH
   */
  keepTold(source: Uint8Array, isLoaded: boolean): void;
  /** @param digest  of 40 hexadecimal digits in any case */
  hasScript(digest: string): boolean;
  flushScripts(): void;
  /** Ends the script that keeps everybody busy. @returns why not, or null */
  kill(kind: ScriptKind): string | null;
  /** The node stops: what is suspended does not go on. */
  stop(): void;
  readonly functions: FunctionRegistry;
  readonly facts: ScriptFacts;
  /** The script that keeps everybody busy; null when none does. */
  readonly running: RunningScript | null;
}

export type ScriptKind = 'eval' | 'function';

export interface EvaluationForm {
  readonly isByDigest: boolean;
  readonly isReadOnly: boolean;
}

export interface Outcome {
  /** What was asked for; '' after an error. */
  readonly value: string;
  /** The error reply's text; '' when there is none. */
  readonly error: string;
}

export interface FunctionRegistry {
  readonly libraryCount: number;
  readonly functionCount: number;
  /** In the order of their creation. */
  readonly libraries: Iterable<FunctionLibrary>;
  /** @returns the library's name, or the error */
  load(code: string, replaces: boolean): Outcome;
  delete(name: string): boolean;
  flush(): void;
  dump(): Uint8Array;
  /** All or nothing. @returns the error's text, or null */
  restore(payload: Uint8Array, policy: RestorePolicy): string | null;
}

export type RestorePolicy = 'append' | 'replace' | 'flush';

export interface FunctionLibrary {
  readonly name: string;
  readonly code: string;
  readonly functions: readonly LibraryFunction[];
}

export interface LibraryFunction {
  readonly name: string;
  /** null when none was given. */
  readonly description: string | null;
  /** As the library named them: `no-writes` and its like. */
  readonly flags: readonly string[];
}

export interface RunningScript {
  readonly kind: ScriptKind;
  /** A function's name; a script's digest. */
  readonly name: string;
  readonly command: readonly Uint8Array[];
  readonly durationMs: number;
}

export interface ScriptFacts {
  readonly scriptCount: number;
  /** About what the sources and the code of scripts and of functions hold. */
  readonly scriptBytes: number;
  readonly functionBytes: number;
}
