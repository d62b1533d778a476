import assert from 'node:assert/strict';
import { CommandKeys, drawCommand } from '../../../src/testing/random-commands.ts';
import { compareImages, type Image, readImage } from '../../support/keyspace-image.ts';
import { waitFor } from '../../support/server.ts';
import { type ScenarioClient, scenario } from './scenario.ts';

const RESTART_COUNT = 4;
const SYNC_POLICIES = ['everysec', 'always', 'no'];
const POLICIES = ['lru', 'lfu', 'session', 's3fifo', 'noeviction'];
/** That the random commands select. */
const DATABASE_COUNT = 3;

/** tests/crash kills in the middle of commands; here all that was answered is compared. */
scenario(
  'whatever was answered is there after each kill and each stop',
  (draw) => [
    '--persistence.rewrite_min_size=64kb',
    `--persistence.sync_policy=${SYNC_POLICIES[draw(SYNC_POLICIES.length)]}`,
    // What a file tells of a key's use depends on it.
    `--cache.eviction_policy=${POLICIES[draw(POLICIES.length)]}`,
  ],
  async ({ connect, draw, restart }) => {
    const keys = new CommandKeys(draw, 40);
    for (let round = 0; round < RESTART_COUNT; round++) {
      const client = await connect();
      const commands = Array.from({ length: 1_000 + draw(4_000) }, () =>
        drawCommand(draw, keys).map(String),
      );
      await client.askAll(commands);
      if (draw(2) === 0) await client.ask('BGREWRITEAOF');
      if (draw(2) === 0) await client.ask('BGSAVE');
      await keepAll(client);
      const before = await readAll(client);
      await restart(draw(3) === 0 ? 'SIGTERM' : 'SIGKILL');
      const next = await connect();
      await waitFor('the data to be loaded', 30_000, async () => {
        return (await next.ask('PING')) === 'PONG' || undefined;
      });
      for (const [database, image] of (await readAll(next)).entries()) {
        assert.deepEqual(compareImages(before[database], image), [], `restart ${round}`);
      }
    }
  },
);

async function readAll({ ask, wire }: ScenarioClient): Promise<Image[]> {
  const images: Image[] = [];
  for (let database = 0; database < DATABASE_COUNT; database++) {
    await ask('SELECT', String(database));
    images.push(await readImage(wire));
  }
  return images;
}

/** What has a deadline could be gone between the two looks: keys and fields lose theirs. */
async function keepAll({ ask, askAll }: ScenarioClient): Promise<void> {
  for (let database = 0; database < DATABASE_COUNT; database++) {
    await ask('SELECT', String(database));
    const keys = (await ask('KEYS', '*')) as string[];
    await askAll(keys.map((key) => ['PERSIST', key]));
    const types = await askAll(keys.map((key) => ['TYPE', key]));
    const hashes = keys.filter((_, i) => types[i] === 'hash');
    const fields = (await askAll(hashes.map((key) => ['HKEYS', key]))) as string[][];
    await askAll(
      hashes.map((key, i) => ['HPERSIST', key, 'FIELDS', `${fields[i].length}`, ...fields[i]]),
    );
  }
}
