/**
 * Sends the same seeded command streams to this server and to Debian's redis-server and compares
 * every reply.
 *   npm run test:compat -- --commands 1000000 --seed 7 --only SET,GET
 *   --self   redis-server against itself: checks the harness
 */
import { parseArgs } from 'node:util';
import { type RunningServer, startOurs, startRedis } from '../support/server.ts';
import { runCompat } from './run-compat.ts';

const { values } = parseArgs({
  options: {
    commands: { type: 'string', default: '1000000' },
    seed: { type: 'string' },
    only: { type: 'string' },
    mismatches: { type: 'string', default: '60' },
    'socket-path': { type: 'string' },
    self: { type: 'boolean', default: false },
  },
});

const DEBUG_ARGS = ['--enable-debug-command', 'yes'];
const servers: RunningServer[] = [];
try {
  const oracle = await startRedis({ args: DEBUG_ARGS });
  servers.push(oracle);
  const socketArgs = values['socket-path']
    ? [`--network.socket_path=${values['socket-path']}`]
    : [];
  const ours = values.self
    ? await startRedis({ args: DEBUG_ARGS })
    : await startOurs({ args: [...DEBUG_ARGS, ...socketArgs] });
  servers.push(ours);
  const result = await runCompat({
    ports: { oracle: oracle.port, ours: ours.port },
    seed: values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed),
    commandCount: Number(values.commands),
    mismatchCountMax: Number(values.mismatches),
    only: values.only ? values.only.toUpperCase().split(',') : null,
    print: (line) => process.stdout.write(`${line}\n`),
  });
  if (!result.isGood) {
    process.stdout.write(ours.process.exitCode === null ? '' : `ours ended:\n${ours.output()}\n`);
  }
  process.stdout.write(`${result.isGood ? '1 passed, 0 failed' : '0 passed, 1 failed'}\n`);
  process.exitCode = result.isGood ? 0 : 1;
} finally {
  for (const server of servers) await server.stop();
}
