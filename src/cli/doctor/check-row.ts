import type { Configuration } from '../../base/configuration.ts';
import type { World } from '../../base/world.ts';
import type { Problem } from '../../config/sources/raw-setting.ts';
import type { ToolRun } from '../tool-arguments.ts';
import type { NodeFacts } from './node-facts.ts';

/** `unknown`: it could not be seen. */
export type Verdict = 'good' | 'notice' | 'warning' | 'failure' | 'unknown';

export interface Finding {
  readonly verdict: Verdict;
  readonly reason: string;
  /** What to do; '' where nothing is to be done. */
  readonly advice: string;
}

/**
 * Whom a check is about: a node that is to start here, one that runs here, one that runs on another
 * machine, whose files and limits nobody sees from here.
 */
export type Stage = 'stopped' | 'here' | 'afar';

export interface CheckRow {
  readonly name: string;
  /** What it looks at; the page docs/cli.md has it. */
  readonly about: string;
  readonly stages: readonly Stage[];
  /** Null: there is nothing to look at. */
  look(patient: Patient): Promise<Findings> | Findings;
}

export type Findings = Finding | readonly Finding[] | null;

export interface Patient {
  readonly tool: ToolRun;
  readonly world: World;
  readonly stage: Stage;
  /** Of the node where it runs and tells; else what it would start with. */
  readonly configuration: Configuration;
  /** What was wrong with file, environment and flags, and what is worth knowing of them. */
  readonly problems: readonly Problem[];
  readonly notices: readonly string[];
  /** Null: none runs. */
  readonly node: NodeFacts | null;
}

export function good(reason: string): Finding {
  return { verdict: 'good', reason, advice: '' };
}

export function notice(reason: string, advice = ''): Finding {
  return { verdict: 'notice', reason, advice };
}

export function warning(reason: string, advice: string): Finding {
  return { verdict: 'warning', reason, advice };
}

export function failure(reason: string, advice: string): Finding {
  return { verdict: 'failure', reason, advice };
}

export function unknown(reason: string): Finding {
  return { verdict: 'unknown', reason, advice: '' };
}
