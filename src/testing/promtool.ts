import { spawnSync } from 'node:child_process';

/** For `{ skip }` of a test: false when promtool is there; under CI=true it must be. */
export function skipWithoutPromtool(): string | false {
  if (spawnSync('promtool', ['--version']).status === 0) return false;
  if (process.env['CI'] === 'true') throw new Error('promtool is not installed');
  return 'promtool (package prometheus) is not installed';
}

/** What `promtool check metrics` says, and its exit code; 0 and nothing when all is well. */
export function checkMetrics(text: string): { status: number | null; output: string } {
  const run = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  return { status: run.status, output: run.stdout + run.stderr };
}
