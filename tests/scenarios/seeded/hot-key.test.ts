import assert from 'node:assert/strict';
import { scenario } from './scenario.ts';

const READER_COUNT = 48;
const GENERATION_COUNT = 8;

/**
 * Everybody reads one key. When it is gone one of them loads it anew, whoever gets the lock; all
 * others wait for its announcement or look again.
 */
scenario(
  'a herd that misses one hot key loads it once each time it is gone',
  ['--persistence.enabled=no'],
  async ({ connect, draw }) => {
    const owner = await connect();
    const readers = await Promise.all(Array.from({ length: READER_COUNT }, connect));
    for (let generation = 1; generation <= GENERATION_COUNT; generation++) {
      const value = `v${generation}:${'x'.repeat(draw(20_000))}`;
      await owner.ask('DEL', 'hot', 'lock');
      const readCount = 5 + draw(20);
      let loadCount = 0;
      await Promise.all(
        readers.map(async ({ ask }) => {
          for (let i = 0; i < readCount; ) {
            const found = await ask('GET', 'hot');
            if (found !== null) {
              assert.equal(found, value);
              i++;
            } else if ((await ask('SET', 'lock', '1', 'NX', 'PX', '60000')) === 'OK') {
              loadCount++;
              await ask('INCR', 'loads');
              await ask('SET', 'hot', value);
            }
          }
        }),
      );
      assert.equal(loadCount, 1);
      assert.equal(await owner.ask('GET', 'loads'), String(generation));
    }
    // All of them count at once, by commands, transactions and scripts: none is lost.
    const script = "return redis.call('INCRBY', KEYS[1], ARGV[1])";
    let sum = 0;
    await Promise.all(
      readers.map(async ({ askAll }) => {
        const commands = Array.from({ length: 200 }, () => {
          const by = 1 + draw(9);
          sum += by;
          switch (draw(3)) {
            case 0:
              return [['INCRBY', 'counter', `${by}`]];
            case 1:
              return [['MULTI'], ['INCRBY', 'counter', `${by}`], ['EXEC']];
            default:
              return [['EVAL', script, '1', 'counter', `${by}`]];
          }
        });
        await askAll(commands.flat());
      }),
    );
    assert.equal(await owner.ask('GET', 'counter'), String(sum));
  },
);
