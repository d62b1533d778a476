/**
 * Clients that send batches of small and large commands and read now and then only, under each
 * policy of the log: every reply is the one of its command, to the byte.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { plainReply } from '../../src/testing/reply-decoder.ts';
import { type Draw, seededDraws } from '../../src/testing/seeded.ts';
import { scratchFolder, startOurs } from '../support/server.ts';
import { WireClient } from '../support/wire-client.ts';

const CLIENT_COUNT = 8;
const BATCH_COUNT = 60;
const COMMANDS_MAX = 24;
/** More than one read of a socket, and more than a kernel takes at once. */
const LARGE = 'b'.repeat(131_072);

type Exchange = readonly [command: string[], reply: unknown];

function drawExchange(draw: Draw, client: number, number: number): Exchange[] {
  const text = `${client}.${number}.${'x'.repeat(draw(60))}`;
  const key = `key:${client}`;
  switch (draw(6)) {
    case 0:
      return [[['SET', key, text], 'OK']];
    case 1:
      return [[['ECHO', text], text]];
    case 2:
      return [[[`no${text}`], `unknown command 'no${text}'`]];
    case 3:
      return [
        [['MULTI'], 'OK'],
        [['SET', key, text], 'QUEUED'],
        [['GET', key], 'QUEUED'],
        [['EXEC'], ['OK', text]],
      ];
    case 4:
      return draw(4) > 0 ? [] : [[['SET', `large:${client}`, LARGE + text], 'OK']];
    default:
      return [
        [['SETRANGE', `long:${client}`, '0', text], undefined],
        [['GETDEL', `long:${client}`], text],
      ];
  }
}

async function runClient(port: number, number: number): Promise<void> {
  const draw = seededDraws(number + 1);
  const client = await WireClient.connect(port);
  for (let batch = 0; batch < BATCH_COUNT; batch++) {
    const count = 1 + draw(COMMANDS_MAX);
    const exchanges = Array.from({ length: count }, (_, i) =>
      drawExchange(draw, number, batch * COMMANDS_MAX + i),
    ).flat();
    if (exchanges.length === 0) continue;
    client.sendCommands(exchanges.map(([command]) => command));
    if (draw(6) === 0) {
      client.socket.pause();
      await delay(draw(20));
      client.socket.resume();
    }
    const replies = await client.take(exchanges.length);
    for (const [i, [command, wanted]] of exchanges.entries()) {
      const reply = replies[i];
      const where = `client ${number}, batch ${batch}: ${command.join(' ').slice(0, 80)}`;
      if (reply.kind === 'error') assert.ok(reply.text.includes(String(wanted)), where);
      else if (wanted !== undefined) assert.deepEqual(plainReply(reply), wanted, where);
    }
  }
  client.end();
}

for (const policy of ['always', 'everysec', 'no']) {
  test(`each reply is whole and its command's own, appendfsync ${policy}`, async (context) => {
    const port = await startKept(context, policy);
    await Promise.all(Array.from({ length: CLIENT_COUNT }, (_, i) => runClient(port, i)));
  });
}

async function startKept(context: TestContext, policy: string): Promise<number> {
  const folder = scratchFolder();
  const server = await startOurs({
    args: ['--dir', folder, '--appendonly', 'yes', '--appendfsync', policy],
  });
  context.after(() => server.stop());
  return server.port;
}
