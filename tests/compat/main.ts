/**
 * Sends the same seeded command streams to this server and to Debian's redis-server and compares
 * every reply.
 *   npm run test:compat -- --commands 2000000 --seed 7 --only SET,GET
 *   --self   redis-server against itself: checks the harness
 */
import { parseArgs } from 'node:util';
import { runCompat } from './run-compat.ts';
import { startPair } from './start-pair.ts';

const { values } = parseArgs({
  options: {
    commands: { type: 'string', default: '2000000' },
    seed: { type: 'string' },
    only: { type: 'string' },
    mismatches: { type: 'string', default: '60' },
    'socket-path': { type: 'string' },
    self: { type: 'boolean', default: false },
  },
});

const { oracle, ours } = await startPair(values['socket-path'], values.self);
try {
  const result = await runCompat({
    ports: { oracle: oracle.port, ours: ours.port },
    seed: values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed),
    commandCount: Number(values.commands),
    mismatchCountMax: Number(values.mismatches),
    isSelf: values.self,
    only: values.only ? values.only.toUpperCase().split(',') : null,
    print: (line) => process.stdout.write(`${line}\n`),
  });
  if (!result.isGood) {
    process.stdout.write(ours.process.exitCode === null ? '' : `ours ended:\n${ours.output()}\n`);
  }
  process.stdout.write(`${result.isGood ? '1 passed, 0 failed' : '0 passed, 1 failed'}\n`);
  process.exitCode = result.isGood ? 0 : 1;
} finally {
  await oracle.stop();
  await ours.stop();
}
