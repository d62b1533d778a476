import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultConfiguration } from '../../base/configuration.ts';
import { NodeError } from '../../base/errors.ts';
import { createSimulatedWorld } from '../../world/simulated/simulated-world.ts';
import { openLog } from './open-log.ts';

async function open(change: Partial<ReturnType<typeof defaultConfiguration>['logging']> = {}) {
  const world = createSimulatedWorld();
  const configuration = defaultConfiguration();
  configuration.node.dataDir = '/data';
  Object.assign(configuration.logging, change);
  const log = openLog({ world, configuration });
  await log.flush();
  return { world, configuration, log };
}

function linesOf(text: string): Record<string, unknown>[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('one JSON object a line, of the shape that dashboards read', async () => {
  const { world, log } = await open();
  log.logger.child('http').info('request', 'Answered', {
    correlationId: 'c-1',
    durationMs: 1.5,
    status: 200,
  });
  assert.deepEqual(linesOf(world.host.outText), [
    {
      '@timestamp': '2026-01-01T00:00:00.000Z',
      level: 'info',
      message: 'Answered',
      node_id: 'node-1',
      component: 'http',
      action: 'request',
      correlation_id: 'c-1',
      duration_ms: 1.5,
      fields: { status: 200 },
    },
  ]);
});

test('errors tell name, message, code and causes, and nothing they drag along', async () => {
  const { world, log } = await open();
  const cause = Object.assign(new Error('disk'), { code: 'ENOSPC', buffer: 'secret value' });
  log.logger.error('save', 'Failed', { error: new NodeError('DISK_REFUSED', 'no', {}, cause) });
  const [line] = linesOf(world.host.outText) as [{ error: Record<string, unknown> }];
  assert.equal(line.error['code'], 'DISK_REFUSED');
  assert.equal((line.error['cause'] as { code: string }).code, 'ENOSPC');
  assert.doesNotMatch(world.host.outText, /secret value/);
});

test('what was thrown and is no error is told in the same shape', async () => {
  const { world, log } = await open();
  log.logger.warn('close', 'Failed', { error: 'EPIPE' });
  assert.deepEqual(linesOf(world.host.outText)[0]?.['error'], { message: 'EPIPE' });
});

test('lines before pino is there are kept with their time and written in order', async () => {
  const world = createSimulatedWorld();
  const log = openLog({ world, configuration: defaultConfiguration() });
  log.logger.info('a', 'first');
  world.advance(5);
  log.logger.warn('a', 'second');
  await log.close();
  assert.deepEqual(
    linesOf(world.host.outText).map((line) => [line['@timestamp'], line['message']]),
    [
      ['2026-01-01T00:00:00.000Z', 'first'],
      ['2026-01-01T00:00:00.005Z', 'second'],
    ],
  );
});

test('the level is read at each line', async () => {
  const { world, configuration, log } = await open();
  log.logger.debug('a', 'hidden');
  assert.equal(log.logger.isDebug(), false);
  configuration.logging.level = 'debug';
  assert.equal(log.logger.isDebug(), true);
  log.logger.debug('a', 'shown');
  configuration.logging.level = 'error';
  log.logger.warn('a', 'hidden');
  log.logger.error('a', 'shown too');
  log.logger.child('audit').info('administer', 'always shown');
  assert.deepEqual(
    linesOf(world.host.outText).map((line) => line['message']),
    ['shown', 'shown too', 'always shown'],
  );
});

test('lines for people, to standard error when asked', async () => {
  const { world, log } = await open({ structured: false, output: 'stderr' });
  log.logger.warn('a', 'Two\nlines', { port: 1, text: 'a b' });
  assert.equal(world.host.outText, '');
  assert.equal(
    world.host.errorText,
    '2026-01-01T00:00:00.000Z WARN    main: "Two\\nlines" port=1 text="a b"\n',
  );
});

test('a log file takes the place of the terminal, as with redis-server', async () => {
  const { world, log } = await open({ logFile: '/log.txt' });
  log.logger.info('a', 'one');
  log.logger.info('a', 'two');
  assert.equal(world.host.outText, '');
  const text = Buffer.from(world.disk.readFile('/log.txt')!).toString();
  assert.deepEqual(
    linesOf(text).map((line) => line['message']),
    ['one', 'two'],
  );
  await log.close();
});

test('rotation begins a new number when a file is full and keeps the newest files', async () => {
  const { world, log } = await open({ enableFile: true, maxFileSizeBytes: 400, maxFiles: 3 });
  for (let index = 0; index < 20; index++) log.logger.info('a', `line ${index}`);
  await log.close();
  const names = world.disk.listDirectory('/data/logs');
  assert.equal(names.length, 3);
  const numbers = names.map((name) => Number(/\.(\d+)\./.exec(name)![1])).sort((a, b) => a - b);
  assert.equal(numbers[2]! - numbers[0]!, 2);
  let lineCount = 0;
  for (const number of numbers) {
    const bytes = world.disk.readFile(`/data/logs/hypercache.${number}.log`)!;
    assert.ok(bytes.length <= 400);
    lineCount += linesOf(Buffer.from(bytes).toString()).length;
  }
  assert.ok(lineCount > 3);
  const last = world.disk.readFile(`/data/logs/hypercache.${numbers[2]}.log`)!;
  assert.match(Buffer.from(last).toString(), /line 19/);
});

test('a restart goes on in the file with the highest number', async () => {
  const { world, configuration, log } = await open({ enableFile: true, enableConsole: false });
  log.logger.info('a', 'before');
  await log.close();
  const again = openLog({ world, configuration });
  again.logger.info('a', 'after');
  await again.close();
  assert.deepEqual(world.disk.listDirectory('/data/logs'), ['hypercache.1.log']);
  const text = Buffer.from(world.disk.readFile('/data/logs/hypercache.1.log')!).toString();
  assert.deepEqual(
    linesOf(text).map((line) => line['message']),
    ['before', 'after'],
  );
});

test('a log file that cannot be opened at start is an error', async () => {
  const { world, configuration } = await open();
  world.disk.refuseWith('EACCES');
  configuration.logging.logFile = '/log.txt';
  assert.throws(() => openLog({ world, configuration }), NodeError);
  configuration.logging.logFile = '';
  configuration.logging.enableFile = true;
  assert.throws(() => openLog({ world, configuration }), NodeError);
});

test('lost lines are counted and told, and the reason goes when lines do get through', async () => {
  const { world, log } = await open({ logFile: '/log.txt' });
  let toldCount = 0;
  log.health.onLost(() => toldCount++);
  world.disk.refuseWith('ENOSPC', ['append']);
  log.logger.info('a', 'one');
  log.logger.info('a', 'two');
  assert.equal(log.health.lostLineCount, 2);
  assert.equal(toldCount, 2);
  assert.match(log.health.failure, /log\.txt.*ENOSPC/);
  world.disk.refuseWith(null);
  log.logger.info('a', 'three');
  assert.equal(log.health.failure, '');
  assert.equal(log.health.lostLineCount, 2);
  assert.match(world.disk.readText('/log.txt') ?? '', /^[^\n]*three[^\n]*\n$/);
});

test('a terminal that nobody reads loses lines, counted', async () => {
  const { world, log } = await open();
  world.host.isDeaf = true;
  log.logger.info('a', 'one');
  assert.equal(log.health.lostLineCount, 1);
  assert.match(log.health.failure, /stdout/);
  world.host.isDeaf = false;
  log.logger.info('a', 'two');
  assert.equal(log.health.failure, '');
  assert.match(world.host.outText, /two/);
});

test('an empty correlation id is none', async () => {
  const { world, log } = await open();
  log.logger.info('a', 'line', { correlationId: '' });
  const [line] = linesOf(world.host.outText);
  assert.equal('correlation_id' in line!, false);
});
