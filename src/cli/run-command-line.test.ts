import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NodeError } from '../base/errors.ts';
import { SILENT_LOGGER, UNKNOWN_LOG_HEALTH } from '../base/logger.ts';
import type { World } from '../base/world.ts';
import type { SimulatedWorld } from '../world/simulated/simulated-world.ts';
import { createSimulatedWorld } from '../world/simulated/simulated-world.ts';
import type { NodeStarter, StartNodeOptions } from './node-starter.ts';
import { runCommandLine } from './run-command-line.ts';
import { runStart } from './start.ts';

/** A node that runs until it is told to stop. */
class FakeStarter implements NodeStarter {
  started: StartNodeOptions | null = null;
  isLogClosed = false;
  stopCount = 0;
  reloadCount = 0;
  failure: Error | null = null;
  private onStart: () => void = () => {};
  readonly isUp = new Promise<void>((resolve) => {
    this.onStart = resolve;
  });

  async startNode(options: StartNodeOptions) {
    if (this.failure !== null) throw this.failure;
    let onStopped = (_code: number): void => {};
    const stopped = new Promise<number>((resolve) => {
      onStopped = resolve;
    });
    this.started = options;
    this.onStart();
    const stop = async (): Promise<void> => {
      this.stopCount++;
      onStopped(0);
    };
    const reloadCertificates = (): void => void this.reloadCount++;
    return {
      respPort: 1234,
      stop,
      stopped,
      reloadCertificates,
      failure: null,
      loadingProgress: null,
    };
  }

  openLog() {
    return {
      logger: SILENT_LOGGER,
      health: UNKNOWN_LOG_HEALTH,
      close: async () => {
        this.isLogClosed = true;
      },
    };
  }
}

interface Ran {
  world: SimulatedWorld;
  starter: FakeStarter;
  code: number;
}

function runWith(starter: FakeStarter, args: readonly string[], world: World): Promise<number> {
  const serve = (rest: readonly string[]) => runStart(rest, { world, starter });
  return runCommandLine(args, { world, serve });
}

async function run(args: string[], files: Record<string, string> = {}): Promise<Ran> {
  const world = createSimulatedWorld();
  for (const [path, text] of Object.entries(files)) {
    world.disk.writeFileAtomic(path, Buffer.from(text));
  }
  const starter = new FakeStarter();
  return { world, starter, code: await runWith(starter, args, world) };
}

test('start hands the settled configuration over; SIGTERM stops with exit code 0', async () => {
  for (const args of [
    ['--port', '7001'],
    ['start', '--port=7001'],
    ['--port', '7001', '--node-id', 'x'],
  ]) {
    const world = createSimulatedWorld();
    const starter = new FakeStarter();
    const code = runWith(starter, [...args, '--pidfile', '/node.pid'], world);
    await starter.isUp;
    assert.equal(starter.started!.configuration.network.respPort, 7001);
    assert.deepEqual(starter.started!.configRegistry.get(['port']), [['port', '7001']]);
    await Promise.resolve();
    assert.equal(Buffer.from(world.disk.readFile('/node.pid')!).toString(), '4242\n');
    assert.ok(world.host.raiseSignal('SIGHUP'));
    assert.ok(world.host.raiseSignal('SIGTERM'));
    assert.equal(await code, 0);
    assert.equal(starter.stopCount, 1);
    assert.equal(starter.reloadCount, 1, 'SIGHUP does not end the node');
    assert.equal(starter.isLogClosed, true);
    assert.equal(world.disk.exists('/node.pid'), false);
    assert.equal(world.host.errorText, '');
  }
});

test('what the world refuses at start is printed for people, with exit code 1', async () => {
  const world = createSimulatedWorld();
  const starter = new FakeStarter();
  starter.failure = new NodeError('PORT_REFUSED', 'Cannot listen on 127.0.0.1:80: EACCES');
  assert.equal(await runWith(starter, [], world), 1);
  assert.equal(world.host.errorText, 'hypercache: Cannot listen on 127.0.0.1:80: EACCES\n');
  assert.equal(starter.isLogClosed, true);
});

test('a mistake of ours is not made up as one of the world', async () => {
  const world = createSimulatedWorld();
  const starter = new FakeStarter();
  starter.failure = new TypeError('x is not a function');
  await assert.rejects(runWith(starter, [], world), TypeError);
});

test('bad settings keep it from starting; all are told, values never', async () => {
  const { world, starter, code } = await run(['--maxmemory', 'secretly', '--prot', '1']);
  assert.equal(code, 1);
  assert.equal(starter.started, null);
  assert.equal(
    world.host.errorText,
    "hypercache: --prot: unknown flag; did you mean '--port'?\n" +
      'hypercache: --maxmemory: maxmemory: argument must be a memory value\n',
  );
});

test('a word that is neither command nor file is a mistake', async () => {
  const { world, code } = await run(['strat']);
  assert.equal(code, 1);
  assert.match(world.host.errorText, /unknown command.*'strat'; did you mean 'start'\?/);
});

test('version and help go to standard output', async () => {
  for (const flag of ['--version', '-v', '-V']) {
    const { world, code } = await run([flag]);
    assert.equal(code, 0);
    assert.match(world.host.outText, /^hypercache \S+ \(as Redis 7\.2\.0\)\n$/);
  }
  for (const args of [['--help'], ['-h'], ['help']]) {
    const { world, code } = await run(args);
    assert.equal(code, 0, args[0]);
    assert.match(world.host.outText, /^ +start .*\n.*\n? +config /m);
  }
  const { world } = await run(['start', '--help']);
  assert.match(world.host.outText, /--http-port/);
});

test('every command that help lists is one, and never taken for a file to start with', async () => {
  const { world } = await run(['--help']);
  const [, list] = world.host.outText.split('Commands:\n');
  const names = [...list.matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name);
  assert.ok(names.length >= 11, `${names}`);
  for (const name of names.filter((each) => each !== 'start')) {
    const { starter, world } = await run([name, '--no-such-flag']);
    assert.equal(starter.started, null, name);
    assert.doesNotMatch(world.host.errorText, /unknown command, and no file/, name);
  }
});

test('config validate tells every problem, or that all is good', async () => {
  const files = { '/good.yaml': 'cluster: {replica_of: a 1}\n', '/bad.yaml': 'node:\n  idd: 1\n' };
  const good = await run(['config', 'validate', '/good.yaml'], files);
  assert.equal(good.code, 0);
  assert.match(good.world.host.outText, /note: .*cluster\.replica_of\n\/good\.yaml is good\n$/);
  const bad = await run(['config', 'validate', '/bad.yaml', '--prot', '1'], files);
  assert.equal(bad.code, 1);
  assert.equal(
    bad.world.host.errorText,
    "/bad.yaml:2: unknown setting 'node.idd'; did you mean 'node.id'?\n" +
      "--prot: unknown flag; did you mean '--port'?\n",
  );
});

test('config show prints values with their origin and no secret', async () => {
  const files = { '/a.yaml': 'cache:\n  max_memory: 1gb\ncluster: {key: s3cret}\n' };
  const { world, code } = await run(
    ['config', 'show', '/a.yaml', '--requirepass', 's3cret'],
    files,
  );
  assert.equal(code, 0);
  assert.match(world.host.outText, /^ {2}max_memory: 1gb {2}# \/a\.yaml:2$/m);
  assert.match(world.host.outText, /^ {2}requirepass: "\*\*\*" {2}# --requirepass$/m);
  assert.match(world.host.outText, /^ {2}resp_port: 8080 {2}# default$/m);
  assert.doesNotMatch(world.host.outText, /s3cret/);
  // What it prints is a configuration itself.
  const shown = world.host.outText.replaceAll('"***"', '""');
  const again = await run(['config', 'validate', '/b.yaml'], { '/b.yaml': shown });
  assert.equal(again.world.host.errorText, '');
});

test('config schema describes every section and closes them', async () => {
  const { world, code } = await run(['config', 'schema']);
  assert.equal(code, 0);
  const schema = JSON.parse(world.host.outText);
  assert.equal(schema.additionalProperties, false);
  assert.equal(schema.properties.network.properties.resp_port.maximum, 65_535);
  assert.equal(schema.properties.network.additionalProperties, false);
  assert.deepEqual(schema.properties.stores.items.required, ['name']);
});

test('an unknown subcommand of config is an error with a suggestion', async () => {
  const { world, code } = await run(['config', 'vaildate']);
  assert.equal(code, 1);
  assert.match(world.host.errorText, /unknown command 'vaildate'\n\(Did you mean validate\?\)/);
});
