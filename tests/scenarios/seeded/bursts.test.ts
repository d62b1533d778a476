import assert from 'node:assert/strict';
import { waitFor } from '../../support/server.ts';
import { type Command, MIB, scenario } from './scenario.ts';

const BURST_COUNT = 3;
const CLIENT_COUNT_MAX = 60;
const COMMAND_COUNT_MAX = 4_000;

scenario(
  'bursts of clients that send all at once are answered in order, and leave no memory behind',
  ['--persistence.enabled=no'],
  async ({ connect, draw }) => {
    const calm = await connect();
    for (let burst = 0; burst < BURST_COUNT; burst++) {
      const crowd = await Promise.all(
        Array.from({ length: 10 + draw(CLIENT_COUNT_MAX - 10) }, connect),
      );
      await Promise.all(
        crowd.map(async ({ wire }, number) => {
          const count = 100 + draw(COMMAND_COUNT_MAX);
          const value = 'b'.repeat(draw(draw(8) === 0 ? 4_000 : 100));
          const commands: Command[] = [];
          for (let i = 0; i < count; i++) {
            const [key, text] = [`burst:${number}:${i % 100}`, `${i}${value}`];
            commands.push(i % 2 === 0 ? ['ECHO', text] : ['SET', key, text, 'GET', 'PX', '60000']);
          }
          // All in one write: the node takes them in turns with those of the others.
          wire.sendCommands(commands);
          const replies = await wire.take(count);
          for (let i = 0; i < count; i += 2) {
            const reply = replies[i];
            const told = reply.kind === 'bulk' ? reply.bytes.toString() : reply.kind;
            assert.equal(told, `${i}${value}`, `client ${number}, command ${i}`);
          }
          wire.end();
        }),
      );
      await calm.ask('FLUSHALL');
      await waitFor('the crowd to be gone', 20_000, async () => {
        return (await calm.info('connected_clients')) === 1 || undefined;
      });
      const bufferBytes = await calm.info('mem_clients_normal');
      assert.ok(bufferBytes < MIB, `${bufferBytes} bytes of buffers`);
    }
    assert.equal(await calm.ask('PING'), 'PONG');
    assert.equal(await calm.info('rejected_connections'), 0);
  },
);
