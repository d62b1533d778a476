import { parseArgs } from 'node:util';
import { createCommandKit } from '../src/testing/command-kit.ts';
import { seededDraws } from '../src/testing/seeded.ts';
import { seedPayloads } from './rdb/corpus.ts';
import { allValues, fewValues, RdbFuzz } from './rdb/fuzz.ts';

/**
 * npm run fuzz:rdb [-- --seconds 600] [--seed N]
 *
 * A third of the time each: telling values of every byte of a payload of each form, all values, and
 * changes at random.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});

const totalMs = Number(values.seconds) * 1000;
const endMs = performance.now() + totalMs;
const draw = seededDraws(Number(values.seed));
const payloads = seedPayloads();
const fuzz = new RdbFuzz(await createCommandKit(Number(values.seed)));
[fewValues, allValues].forEach((valuesOf, phase) => {
  const phaseEndMs = endMs - totalMs + ((phase + 1) * totalMs) / 3;
  for (const payload of payloads) {
    if (performance.now() < phaseEndMs) fuzz.tryEveryByte(payload, valuesOf);
  }
});
while (performance.now() < endMs && fuzz.result.findings.length === 0) {
  fuzz.tryRandom(payloads[draw(payloads.length)], payloads, draw);
}
const { findings, ...figures } = fuzz.result;
const rows = Object.entries({ seed: values.seed, ...figures });
const lines = rows.map(([name, value]) => `${name.padEnd(12)} ${String(value).slice(0, 200)}`);
const verdict = findings.length === 0 ? 'nothing found' : 'FOUND';
process.stdout.write(`${[...lines, verdict, ...findings].join('\n')}\n`);
process.exit(findings.length === 0 ? 0 : 1);
