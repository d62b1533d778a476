import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { patiently } from './patience.ts';
import { skipWithout, startOurs, startRedis } from './server.ts';

/** What a library does for a living, against the server on that port of this machine. */
export type Scenario = (t: TestContext, port: number) => Promise<void>;

export interface Options {
  /** How many scenarios run side by side. */
  readonly concurrency?: number;
  /** Arguments that both servers understand. */
  readonly args?: readonly string[];
}

/** A scenario that hangs is one that fails; none needs more than a few seconds. */
const SCENARIO_WITHIN_MS = 20_000;

/**
 * Runs every scenario against redis-server and then against ours, with the same assertions: what
 * passes on the first and fails on the second is our fault. The scenarios of a server share it, so
 * each takes keys of its own. At the end the server must still stop by itself.
 */
export function testBothServers(
  title: string,
  scenarios: Readonly<Record<string, Scenario>>,
  { concurrency = 1, args = [] }: Options = {},
): void {
  const servers: [string, typeof startOurs, string | false][] = [
    ['redis-server', startRedis, skipWithout('redis-server')],
    ['hypercache', startOurs, false],
  ];
  for (const [name, start, skip] of servers) {
    test(`${title} on ${name}`, { skip, concurrency }, async (t) => {
      const server = await start({ args });
      try {
        const runs = Object.entries(scenarios).map(([rule, run]) =>
          t.test(rule, { timeout: patiently(SCENARIO_WITHIN_MS) }, (t) => run(t, server.port)),
        );
        await Promise.all(runs);
      } finally {
        assert.equal(await server.stop(), 0, server.output());
      }
    });
  }
}
