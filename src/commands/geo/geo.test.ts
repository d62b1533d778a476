import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandKit, createCommandKit } from '../../testing/command-kit.ts';
import { startRealRedis } from '../../testing/real-redis.ts';
import { describeReply } from '../../testing/reply-decoder.ts';
import { type Draw, rounds, seeded } from '../../testing/seeded.ts';
import { coordinateText, distanceText } from './distance.ts';
import { decodeScore, encodeScore, geohashText } from './geohash.ts';

const ask = (kit: CommandKit, line: string): string => describeReply(kit.run(...line.split(' ')));

async function createSicily(): Promise<CommandKit> {
  const kit = await createCommandKit();
  ask(kit, 'GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania');
  return kit;
}

test('a position is within its cell of the score that stands for it', () => {
  seeded((random) => {
    for (let i = 0; i < rounds(2_000); i++) {
      const longitude = (random.u32() / 2 ** 32) * 360 - 180;
      const latitude = (random.u32() / 2 ** 32) * 170 - 85;
      const position = decodeScore(encodeScore(longitude, latitude), { longitude: 0, latitude: 0 });
      assert.ok(Math.abs(position.longitude - longitude) <= 360 / 2 ** 27 + 1e-12);
      assert.ok(Math.abs(position.latitude - latitude) <= 171 / 2 ** 27 + 1e-12);
    }
  });
});

test('texts of known positions and distances', () => {
  const score = encodeScore(13.361389, 38.115556);
  assert.equal(score, 3479099956230698);
  const position = decodeScore(score, { longitude: 0, latitude: 0 });
  assert.equal(coordinateText(position.longitude), '13.36138933897018433');
  assert.equal(coordinateText(position.latitude), '38.11555639549629859');
  assert.equal(geohashText(position), 'sqc8b49rny0');
  assert.equal(coordinateText(180), '180');
  assert.equal(distanceText(0.03125), '0.0312');
  assert.equal(distanceText(0.09375), '0.0938');
});

test('conditions of GEOADD, and what is recorded of it', async () => {
  const kit = await createSicily();
  assert.deepEqual(kit.takeEffects(), ['ZADD g 3479099956230698 Palermo 3479447370796909 Catania']);
  assert.equal(ask(kit, 'GEOADD g NX 1 1 Palermo'), ':0');
  assert.equal(ask(kit, 'GEOADD g XX CH 13 38 Palermo 1 1 new'), ':1');
  assert.equal(ask(kit, 'GEOADD g NX XX 1 1 a'), '-ERR syntax error');
  const outside = '-ERR invalid longitude,latitude pair 181.000000,1.000000';
  assert.equal(ask(kit, 'GEOADD g 1 1 a 181 1 b'), outside);
  assert.equal(kit.takeEffects().length, 1);
  assert.equal(ask(kit, 'ZCARD g'), ':2');
});

test('a search is stored as it is answered, and recorded as it was asked', async () => {
  const kit = await createSicily();
  kit.takeEffects();
  assert.equal(ask(kit, 'GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 100 km'), ':1');
  assert.deepEqual(kit.takeEffects(), ['GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 100 km']);
  assert.equal(ask(kit, 'GEOSEARCHSTORE d g FROMLONLAT 90 37 BYRADIUS 100 km'), ':0');
  assert.deepEqual(kit.takeEffects(), ['DEL d']);
  assert.equal(ask(kit, 'GEORADIUS g 15 37 200 km STORE g'), ':2');
  assert.equal(ask(kit, 'ZCARD g'), ':2');
});

test('a stored distance is redis-server’s to its last bit', async () => {
  const kit = await createCommandKit();
  const places = [
    '31.24 30.04 Cairo 24.1 56.95 Riga -77.03 -12.04 Lima -78.5 -0.22 Quito',
    '12.5 41.9 Rome 12.5 30 South 7.45 46.95 Bern',
  ].join(' ');
  ask(kit, `GEOADD g ${places}`);
  const rows = [
    ['Cairo', 'Riga', '"3044.2461249749567"'],
    ['Cairo', 'Lima', '"12424.609560829722"'],
    ['Rome', 'Quito', '"10109.494646251238"'],
    ['Rome', 'South', '"1323.59283207716"'],
    ['Rome', 'Bern', '"689.89757564170304"'],
  ];
  for (const [from, to, distance] of rows) {
    ask(kit, `GEOSEARCHSTORE d g FROMMEMBER ${from} BYRADIUS 30000 km STOREDIST`);
    assert.equal(ask(kit, `ZSCORE d ${to}`), distance, `${from} to ${to}`);
    ask(kit, `GEORADIUSBYMEMBER g ${from} 30000 km STOREDIST d`);
    assert.equal(ask(kit, `ZSCORE d ${to}`), distance, `${from} to ${to}`);
  }
});

test('few stored distances differ from redis-server’s, and in their last bits only', async (t) => {
  const oracle = await startRealRedis();
  if (oracle === null) return t.skip('no redis-server');
  const kit = await createCommandKit();
  const members = Array.from({ length: 1_000 }, (_, i) => `m${i}`);
  const search = 'GEOSEARCHSTORE d g FROMMEMBER m0 BYRADIUS 30000 km STOREDIST'.split(' ');
  const scores = ['ZMSCORE', 'd', ...members];
  const lines: string[][] = [];
  seeded((random) => {
    const degrees = (max: number): string => String((random.u32() / 2 ** 31 - 1) * max);
    lines.push(['GEOADD', 'g', ...members.flatMap((name) => [degrees(180), degrees(85), name])]);
    lines.push(['GEOADD', 'g', ...members.flatMap((name) => [degrees(9), degrees(9), name])]);
  });
  try {
    for (const add of lines) {
      for (const call of [add, search]) {
        assert.deepEqual(plain(kit.ask(...call)), await oracle.call(...call));
      }
      const wanted = ((await oracle.call(...scores)) as string[]).map(Number);
      const stored = (kit.ask(...scores) as unknown[]).map(Number);
      const misses = stored.filter((distance, i) => distance !== wanted[i]);
      assert.ok(misses.length <= 15, `${misses.length} of 1000 differ from ${add}`);
      for (const [i, distance] of stored.entries()) {
        if (wanted[i] > 0) assert.ok(Math.abs(distance / wanted[i] - 1) < 1e-12, `${distance}`);
        else assert.equal(distance, 0);
      }
    }
  } finally {
    await oracle.stop();
  }
});

test('replies are redis-server’s', async (t) => {
  const oracle = await startRealRedis();
  if (oracle === null) return t.skip('no redis-server');
  const kit = await createCommandKit();
  const lines: string[] = [];
  seeded((random) => {
    for (let i = 0; i < rounds(1_200); i++) lines.push(randomLine((below) => random.below(below)));
  });
  try {
    for (const line of lines) {
      const wanted = await oracle.call(...line.split(' '));
      assert.deepEqual(plain(kit.ask(...line.split(' '))), wanted, line);
    }
  } finally {
    await oracle.stop();
  }
});

/** Errors as their text, as the oracle's client tells them. */
function plain(reply: unknown): unknown {
  return reply instanceof Error ? reply.message : reply;
}

function randomLine(draw: Draw): string {
  const key = `g${draw(2)}`;
  const member = (): string => `m${draw(60)}`;
  const degrees = (max: number): string => ((draw(2_000_001) / 1e6 - 1) * max).toFixed(6);
  const position = (): string => `${degrees(draw(8) === 0 ? 200 : 180)} ${degrees(85)}`;
  const unit = ['m', 'km', 'FT', 'mi'][draw(4)];
  const size = (): string => String(draw(4) === 0 ? 20_000_000 : draw(4_000));
  const kind = draw(10);
  if (kind < 4) return `GEOADD ${key} ${position()} ${member()} ${position()} ${member()}`;
  if (kind === 4) return `GEOPOS ${key} ${member()} ${member()}`;
  if (kind === 5) return `GEOHASH ${key} ${member()} ${member()}`;
  if (kind === 6) return `GEODIST ${key} ${member()} ${member()} ${unit}`;
  if (kind === 7) return `GEORADIUS ${key} ${position()} ${size()} ${unit} WITHCOORD`;
  const center = draw(2) === 0 ? `FROMMEMBER ${member()}` : `FROMLONLAT ${position()}`;
  const shape = draw(2) === 0 ? `BYRADIUS ${size()}` : `BYBOX ${size()} ${size()}`;
  const order = ['', ' ASC', ' DESC', ` COUNT ${1 + draw(5)}`, ` COUNT ${1 + draw(5)} ANY`][
    draw(5)
  ];
  return `GEOSEARCH ${key} ${center} ${shape} ${unit}${order} WITHHASH`;
}
