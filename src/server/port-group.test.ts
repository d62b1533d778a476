import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NodeError } from '../base/errors.ts';
import type { Listener } from '../base/world.ts';
import { PortGroup } from './port-group.ts';

/** A machine whose addresses can be taken by others. */
class FakeMachine {
  readonly taken = new Set<string>();
  readonly open = new Set<string>();
  readonly lost: string[] = [];

  makeGroup(): PortGroup {
    return new PortGroup(
      async (host, port) => this.bind(host, port),
      (address) => void this.lost.push(address),
    );
  }

  private bind(host: string, port: number): Listener {
    const chosenPort = port === 0 ? 40_000 : port;
    const place = `${host}:${chosenPort}`;
    if (this.taken.has(place) || this.open.has(place)) {
      throw new NodeError('PORT_REFUSED', `Cannot listen on ${place}: EADDRINUSE`);
    }
    this.open.add(place);
    const { open } = this;
    let isClosed = false;
    return {
      host,
      port: chosenPort,
      keepAliveS: 0,
      get isClosed() {
        return isClosed;
      },
      replaceTls: () => {},
      close: async () => {
        isClosed = true;
        open.delete(place);
      },
    };
  }
}

const at = (port: number, ...addresses: string[]) => ({ addresses, port, tls: null });

test('what was prepared serves from the commit on, what it replaces no longer', async () => {
  const machine = new FakeMachine();
  const group = machine.makeGroup();
  await group.open(at(1, 'a', 'b'));
  await group.prepare(at(2, 'a'));
  assert.deepEqual([...machine.open].sort(), ['a:1', 'a:2', 'b:1']);
  assert.equal(group.refusal(at(2, 'a')), null);
  assert.ok(group.refusal(at(3, 'a')) instanceof NodeError, 'that was not prepared');
  group.commit(at(2, 'a'));
  assert.deepEqual([...machine.open], ['a:2']);
  assert.equal(group.port, 2);
  await group.close();
  assert.equal(machine.open.size, 0);
});

test('on the same port addresses that stay are kept, also one that 0 has chosen', async () => {
  const machine = new FakeMachine();
  const group = machine.makeGroup();
  await group.open(at(0, 'a', 'b'));
  await group.prepare(at(0, 'b', 'c'));
  group.commit(at(0, 'b', 'c'));
  assert.deepEqual([...machine.open].sort(), ['b:40000', 'c:40000']);
});

test('a refused or forgotten change leaves everything as it was', async () => {
  const machine = new FakeMachine();
  const group = machine.makeGroup();
  await group.open(at(1, 'a', 'b'));
  machine.taken.add('c:1');
  await group.prepare(at(1, 'b', 'c'));
  assert.ok(group.refusal(at(1, 'b', 'c')) instanceof NodeError);
  assert.deepEqual([...machine.open].sort(), ['a:1', 'b:1']);
  await group.prepare(at(5, 'a'));
  group.drop();
  await new Promise(setImmediate);
  assert.deepEqual([...machine.open].sort(), ['a:1', 'b:1']);
  assert.deepEqual(machine.lost, []);
});

test('an address that cannot be bound again is told, and the rest serves', async () => {
  const machine = new FakeMachine();
  const group = machine.makeGroup();
  await group.open(at(1, 'a', 'b'));
  machine.taken.add('c:1').add('a:1');
  await group.prepare(at(1, 'b', 'c'));
  assert.deepEqual(machine.lost, ['a']);
  assert.deepEqual([...machine.open], ['b:1']);
});
