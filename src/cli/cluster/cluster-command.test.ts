import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestAnswer, RequestOptions } from '../../base/world.ts';
import {
  createSimulatedWorld,
  type SimulatedWorld,
} from '../../world/simulated/simulated-world.ts';
import { runCommandLine } from '../run-command-line.ts';

/** A machine on which started nodes answer as if they were one cluster. */
class Machine {
  readonly world: SimulatedWorld = createSimulatedWorld();
  /** What a node says of itself, by its number. */
  readonly sizes = new Map<number, number>();
  readonly asked: RequestOptions[] = [];
  status: object = {};
  takenPort = 0;

  constructor() {
    const { world } = this;
    world.network.onRequest = (options) => this.answer(options);
    world.host.processes.onPause = (ms) => world.advance(ms);
  }

  get processes() {
    return this.world.host.processes;
  }

  get running(): number[] {
    return this.processes.started.filter((process) => process.isAlive).map(({ pid }) => pid);
  }

  async run(...args: string[]): Promise<number> {
    this.world.host.outText = '';
    this.world.host.errorText = '';
    const serve = async (): Promise<number> => assert.fail('no node runs in this process');
    return runCommandLine(['cluster', ...args], { world: this.world, serve });
  }

  get out(): string {
    return this.world.host.outText;
  }

  get error(): string {
    return this.world.host.errorText;
  }

  private answer(options: RequestOptions): RequestAnswer {
    this.asked.push(options);
    const number = Number(new URL(options.url).port) - 9079;
    if (options.url.endsWith('/health/ready')) return json(200, {});
    if (options.url.endsWith('/health')) {
      return json(200, { cluster_size: this.sizes.get(number) ?? this.running.length });
    }
    return json(200, this.status);
  }
}

function json(status: number, facts: object): RequestAnswer {
  async function* body() {
    yield Buffer.from(JSON.stringify(facts));
  }
  return { status, body: body() };
}

test('start runs as many nodes as asked for, each with a name, ports and seeds', async () => {
  const machine = new Machine();
  assert.equal(await machine.run('start', '--nodes', '3', '--cache.max_memory=64mb'), 0);
  const { started } = machine.processes;
  assert.equal(started.length, 3);
  const { args, outputPath } = started[1]!;
  assert.equal(outputPath, '/data/run/node-2.log');
  assert.deepEqual(args.slice(0, 3), ['start', '/data/run/node-2.yaml', '--cache.max_memory=64mb']);
  const text = args.join(' ');
  for (const part of [
    '--node-id node-2 --data-dir /data/node-2',
    '--port 8081 --http-port 9081 --gossip-port 7947 --link-port 6947',
    '--seeds 127.0.0.1:7946,127.0.0.1:7948',
    '--cluster.enabled=yes',
  ]) {
    assert.ok(text.includes(part), part);
  }
  assert.match(machine.out, /^node-1 is ready: RESP 8080, HTTP 9080, gossip 7946, link 6946,/);
  assert.match(machine.out, /3 nodes are one cluster\n$/);
  assert.ok(machine.world.disk.exists('/data/run/node-3.json'));
});

test('start moves all ports with --port, and refuses what is wrong before it starts', async () => {
  const machine = new Machine();
  assert.equal(await machine.run('start', '--nodes', '2', '--port', '20000'), 0);
  const last = machine.processes.started[1]!.args.join(' ');
  assert.ok(
    last.includes('--port 20001 --http-port 21001 --gossip-port 19867 --link-port 18867'),
    last,
  );
  for (const [args, reason] of [
    [['--nodes', '0'], /--nodes: must be 1 to 64/],
    [['--nodes', 'many'], /--nodes: must be 1 to 64/],
    [['--port', '0'], /--port: must be 1 to 65535/],
    [['--nodes', '3', '--port', '65535'], /port 65536 of node-2 \(resp\) is none/],
    [['--cache.max_memry=1'], /did you mean/],
  ] as const) {
    const fresh = new Machine();
    assert.equal(await fresh.run('start', ...args), 1);
    assert.match(fresh.error, reason);
    assert.equal(fresh.processes.started.length, 0);
  }
});

test('a port that is taken is told with its node, and nothing is started', async () => {
  const machine = new Machine();
  const { network } = machine.world;
  const options = { host: '127.0.0.1', backlog: 1, tls: null, keepAliveS: 0 } as const;
  await network.listen({ ...options, port: 9081, socketPath: 'auto' }, () => {});
  assert.equal(await machine.run('start', '--nodes', '2'), 1);
  assert.match(machine.error, /port 9081 of node-2 \(http\) is taken\. Nothing was started/);
  assert.equal(machine.processes.started.length, 0);
});

test('start waits until each node sees all others; one that ends stops them all', async () => {
  const machine = new Machine();
  machine.sizes.set(2, 1);
  const run = machine.run('start', '--nodes', '3');
  machine.processes.onPause = (ms) => {
    machine.world.advance(ms);
    const [, second] = machine.processes.started;
    const log = 'hypercache: Cannot listen on 127.0.0.1:7947\n';
    machine.world.disk.writeFileAtomic('/data/run/node-2.log', Buffer.from(log));
    machine.processes.end(second!.pid);
  };
  assert.equal(await run, 1);
  assert.match(
    machine.error,
    /node-2 has ended\. .*node-2\.log says last:\n {2}hypercache: Cannot/,
  );
  assert.deepEqual(machine.running, []);
});

test('start again runs those that do not run, and tells of those that do', async () => {
  const machine = new Machine();
  await machine.run('start', '--nodes', '3');
  machine.processes.end(machine.processes.started[1]!.pid);
  assert.equal(await machine.run('start'), 0);
  assert.match(machine.out, /^node-1 runs already: RESP 8080, process 9001\nnode-3 runs already/);
  assert.equal(machine.processes.started.length, 4);
  assert.ok(machine.processes.started[3]!.args.includes('node-2'));
});

test('add takes the next number, with the settings and the seeds of those that run', async () => {
  const machine = new Machine();
  assert.equal(await machine.run('add'), 1);
  assert.match(machine.error, /No node runs below \/data: hypercache cluster start/);
  await machine.run('start', '--nodes', '2', '--cache.max_memory=64mb');
  assert.equal(await machine.run('add'), 0);
  const text = machine.processes.started[2]!.args.join(' ');
  assert.ok(text.includes('--node-id node-3'), text);
  assert.ok(text.includes('--cache.max_memory=64mb'), text);
  assert.ok(text.includes('--seeds 127.0.0.1:7946,127.0.0.1:7947'), text);
  assert.match(machine.out, /3 nodes are one cluster/);
});

test('stop ends all, the last one first, or those that are named; nobody else', async () => {
  const machine = new Machine();
  await machine.run('start', '--nodes', '3');
  assert.equal(await machine.run('stop', 'node-2'), 0);
  assert.equal(machine.out, 'node-2 stopped\n');
  assert.equal(machine.running.length, 2);
  assert.equal(await machine.run('stop', 'node-9'), 1);
  assert.match(machine.error, /No node node-9 was started here; there are node-1, node-2, node-3/);
  assert.equal(await machine.run('stop'), 0);
  assert.equal(machine.out, 'node-3 stopped\nnode-2 was not running\nnode-1 stopped\n');
  assert.deepEqual(machine.running, []);
});

test('a stranger with the id of a node that died is not signalled', async () => {
  const machine = new Machine();
  await machine.run('start', '--nodes', '1');
  const path = '/data/run/node-1.json';
  const record = JSON.parse(Buffer.from(machine.world.disk.readFile(path)!).toString());
  const other = JSON.stringify({ ...record, mark: 'another boot/1' });
  machine.world.disk.writeFileAtomic(path, Buffer.from(other));
  assert.equal(await machine.run('stop'), 0);
  assert.equal(machine.out, 'node-1 was not running\n');
  assert.deepEqual(machine.processes.signals, []);
});

test('a node that does not stop is killed, which is told', async () => {
  const machine = new Machine();
  await machine.run('start', '--nodes', '1');
  machine.processes.isStubborn = true;
  assert.equal(await machine.run('stop'), 1);
  assert.equal(machine.out, 'node-1 did not stop and was killed\n');
  assert.deepEqual(machine.running, []);
});

test('status prints every member as one node tells it; forget names one to leave out', async () => {
  const machine = new Machine();
  await machine.run('start', '--nodes', '1');
  machine.status = {
    healthy: false,
    mode: 'gossip',
    cluster_size: 1,
    members: [
      {
        node_id: 'node-1',
        address: '127.0.0.1',
        status: 'alive',
        metadata: {
          state: 'ready',
          resp_port: 8080,
          http_port: 9080,
          owned_slots: 16_384,
          held_slots: 8192,
        },
      },
      { node_id: 'node-2', status: 'failed' },
    ],
    issues: ['cluster: node-2 is missing'],
  };
  assert.equal(await machine.run('status'), 1);
  assert.match(machine.out, /^node +status +state +address +RESP +HTTP +slots +held +version\n/);
  assert.match(machine.out, /\nnode-1 +alive +ready +127\.0\.0\.1 +8080 +9080 +16384 +8192 +-\n/);
  assert.match(
    machine.out,
    /\nnode-2 +failed .*\n1 nodes, mode gossip\n- cluster: node-2 is missing/,
  );
  assert.equal(await machine.run('forget', 'node-2', '--url', 'http://10.0.0.1:9080/'), 0);
  const last = machine.asked.at(-1)!;
  assert.equal(last.url, 'http://10.0.0.1:9080/api/cluster/members/node-2/forget');
  assert.equal(last.method, 'POST');
  assert.equal(await machine.run('forget'), 1);
});

test('rebalance ends when nobody is filled, and no slot moves any more', async () => {
  const machine = new Machine();
  await machine.run('start', '--nodes', '1');
  const member = (state: string) => ({
    node_id: 'node-1',
    status: 'alive',
    address: '127.0.0.1',
    metadata: { state, owned_slots: 16_384, http_port: 9080 },
  });
  const left = [
    { members: [member('ready')], slots: [{ store: 'default', filling: 3, leaving: 4 }] },
    { members: [member('ready')], slots: [{ store: 'default', filling: 0, waiting: 0 }] },
  ];
  machine.status = { members: [member('filling')], repair: [{ store: 'default', share: 0.5 }] };
  machine.processes.onPause = () => {
    machine.status = left.shift()!;
  };
  assert.equal(await machine.run('rebalance'), 0);
  assert.match(machine.error, /^node-1 \[#{15}-{15}\] 50 %\nnode-1 \[.*\] 0 %, 7 slots to move\n$/);
  assert.match(
    machine.out,
    /1 nodes hold what is theirs\nslots of a node: 16384 to 16384; .* 1\.000 /,
  );
});

test('a password is read from HYPERCACHE_PASSWORD, and sent with each request', async () => {
  const machine = new Machine();
  machine.world.host.environment = { HYPERCACHE_PASSWORD: 'secret' };
  assert.equal(await machine.run('start', '--nodes', '1'), 0, machine.error);
  const { headers } = machine.asked.at(-1)!;
  const pair = Buffer.from('default:secret').toString('base64');
  assert.equal(headers['authorization'], `Basic ${pair}`);
});
