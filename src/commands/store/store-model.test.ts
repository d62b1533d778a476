import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommandKit } from '../../testing/command-kit.ts';
import { plainReply } from '../../testing/reply-decoder.ts';
import { rounds, seededDraws } from '../../testing/seeded.ts';
import type { Session } from '../session.ts';

const SEED = Number(process.env.TEST_SEED ?? 20_261);
const STEP_COUNT = rounds(20_000);
const NAMES = ['default', 'a', 'b', 'c'] as const;

interface Client {
  readonly session: Session;
  /** What it stands in, also after a drop. */
  store: Map<string, string>;
}

/** Each store against a Map of its own, while stores come and go and clients change stores. */
test('what is in a store is what was written to it, whatever happens in the others', async () => {
  const draw = seededDraws(SEED);
  const kit = await createCommandKit(SEED);
  const first = new Map<string, string>();
  const stores = new Map<string, Map<string, string>>([['default', first]]);
  const clients: Client[] = [0, 1, 2].map(() => ({ session: kit.openSession(), store: first }));
  const ask = ({ session }: Client, ...words: string[]) => {
    const reply = plainReply(kit.runAs(session, ...words));
    return reply instanceof Error ? reply.message.split(' ')[0] : reply;
  };

  const select = (client: Client, name: string) => {
    const found = stores.get(name);
    const answer = ask(client, 'SELECT', draw(2) === 0 ? name : name.toUpperCase());
    if (found === undefined) return [answer, stores.size > 1 ? 'NOSTORE' : 'ERR'];
    client.store = found;
    return [answer, 'OK'];
  };
  const create = (client: Client, name: string) => {
    const answer = ask(client, 'STORE', 'CREATE', name);
    if (stores.has(name)) return [answer, 'STOREEXISTS'];
    stores.set(name, new Map());
    return [answer, 'OK'];
  };
  const drop = (client: Client, name: string) => {
    const answer = ask(client, 'STORE', 'DROP', name);
    if (name === 'default') return [answer, 'ERR'];
    return [answer, stores.delete(name) ? 'OK' : 'NOSTORE'];
  };
  /** A command on keys, and what it answers where there is a store. */
  const useKey = (client: Client, step: number) => {
    const { store } = client;
    const isGone = ![...stores.values()].includes(store);
    const expect = (answer: unknown, act: () => unknown) => [answer, isGone ? 'NOSTORE' : act()];
    const key = `k${draw(20)}`;
    switch (draw(8)) {
      case 0:
        return expect(ask(client, 'DBSIZE'), () => store.size);
      case 1:
        return expect(ask(client, 'DEL', key), () => Number(store.delete(key)));
      case 2:
        return expect(ask(client, draw(2) === 0 ? 'FLUSHALL' : 'FLUSHDB'), () => {
          store.clear();
          return 'OK';
        });
      case 3:
      case 4:
        return expect(ask(client, 'GET', key), () => store.get(key) ?? null);
      default:
        return expect(ask(client, 'SET', key, `${step}`), () => {
          store.set(key, `${step}`);
          return 'OK';
        });
    }
  };

  const actions = [select, select, create, drop];
  for (let step = 0; step < STEP_COUNT; step++) {
    const client = clients[draw(clients.length)] as Client;
    const action = actions[draw(14)];
    const name = NAMES[draw(NAMES.length)] as string;
    const [answer, expected] = action === undefined ? useKey(client, step) : action(client, name);
    assert.deepEqual(answer, expected, `TEST_SEED=${SEED}, step ${step}`);
  }
});
