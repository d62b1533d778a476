/**
 * Whether what clients were told of one key can be explained by one order of its commands, in which
 * none runs before it was asked for or after it was answered.
 *
 * @source Wing and Gong, "Testing and verifying concurrent objects" (1993), with the memory of
 *         configurations of Lowe, "Testing for linearizability" (2017): the same set of commands
 *         that have run, with the same state, is not looked at twice.
 */
import type { Operation } from './history.ts';
import { applyAction } from './model.ts';

interface Configuration {
  /** Bit i: operation i has run. */
  readonly ran: bigint;
  readonly state: string;
}

/** A key whose history is wilder than this proves nothing in reasonable time. */
const CONFIGURATIONS_MAX = 200_000;

/**
 * @param operations  of one key, in the order in which they were asked for
 * @returns           false: no order explains it. True also when there are too many to try.
 */
export function isLinearizable(operations: readonly Operation[]): boolean {
  const relevant = operations.filter(({ outcome }) => outcome !== 'refused');
  const mustRun = relevant.reduce(
    (bits, { outcome }, i) => (outcome === 'done' ? bits | (1n << BigInt(i)) : bits),
    0n,
  );
  const seen = new Set<string>();
  const waiting: Configuration[] = [{ ran: 0n, state: '' }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if ((next.ran & mustRun) === mustRun) return true;
    for (const follower of followersOf(next, relevant)) {
      const mark = `${follower.ran.toString(36)} ${follower.state}`;
      if (seen.has(mark)) continue;
      seen.add(mark);
      waiting.push(follower);
    }
    if (seen.size > CONFIGURATIONS_MAX) return true;
  }
  return false;
}

/** What may run next: whatever was asked for before the first answer that is still due. */
function followersOf(
  { ran, state }: Configuration,
  operations: readonly Operation[],
): Configuration[] {
  let firstAnswer = Number.POSITIVE_INFINITY;
  const candidates: number[] = [];
  for (let i = 0; i < operations.length; i++) {
    const { answeredAt, askedAt } = operations[i];
    if (askedAt > firstAnswer) break;
    if ((ran & (1n << BigInt(i))) !== 0n) continue;
    candidates.push(i);
    // Of an unknown outcome the answer says nothing: it may still run.
    if (operations[i].outcome === 'done') firstAnswer = Math.min(firstAnswer, answeredAt);
  }
  const found: Configuration[] = [];
  // The likeliest last, as they are taken from the end.
  for (const i of candidates.reverse()) {
    const operation = operations[i];
    if (operation.askedAt > firstAnswer) continue;
    const step = applyAction(state, operation);
    if (operation.outcome === 'done' && step.reply !== operation.reply) continue;
    found.push({ ran: ran | (1n << BigInt(i)), state: step.state });
  }
  return found;
}
