import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { patiently } from '../support/patience.ts';
import { ROOT, type RunningServer, startOurs, waitFor } from '../support/server.ts';

/** The programs of `examples/`, run as a person would, against the real binary. */

const FOLDER = path.join(ROOT, 'examples');
const WITHIN_MS = 20_000;

let server: RunningServer;
before(async () => {
  server = await startOurs({ args: ['--maxmemory-policy', 'noeviction'] });
});
after(async () => {
  await server.stop();
});

interface Program {
  readonly process: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

function start(t: TestContext, name: string, env: Record<string, string> = {}): Program {
  const args = name.endsWith('.test.mjs') ? ['--test', name] : [name];
  const { NODE_TEST_CONTEXT: _ours, ...own } = process.env;
  const child = spawn(process.execPath, args, {
    cwd: FOLDER,
    env: { ...own, REDIS_URL: `redis://127.0.0.1:${server.port}`, ...env },
  });
  t.after(() => child.kill('SIGKILL'));
  const timer = setTimeout(() => child.kill('SIGKILL'), patiently(WITHIN_MS));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      text += bytes.toString();
    });
  }
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve(code);
    });
  });
  return { process: child, output: () => text, ended };
}

/** A program that serves HTTP, on a port that it has chosen itself. @returns its address */
async function serve(
  t: TestContext,
  name: string,
  env: Record<string, string> = {},
): Promise<{ origin: string; program: Program }> {
  const program = start(t, name, { PORT: '0', ...env });
  const port = await waitFor(`${name} to listen`, WITHIN_MS, () => {
    if (program.process.exitCode !== null) throw new Error(program.output());
    return /listening on (\d+)/.exec(program.output())?.[1];
  });
  return { origin: `http://127.0.0.1:${port}`, program };
}

/** It closes what it has opened when it is told to. */
async function assertEnds(program: Program): Promise<void> {
  program.process.kill('SIGTERM');
  assert.equal(await program.ended, 0, program.output());
}

test('express-sessions: two processes know the same visitor', async (t) => {
  const env = { SESSION_SECRET: 'of the test' };
  const name = 'express-sessions/server.mjs';
  const [one, two] = await Promise.all([serve(t, name, env), serve(t, name, env)]);
  const first = await fetch(one.origin);
  const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? '';
  const visit = async (origin: string) => (await fetch(origin, { headers: { cookie } })).json();
  assert.deepEqual(await first.json(), { visits: 1 });
  assert.deepEqual(await visit(two.origin), { visits: 2 });
  assert.deepEqual(await visit(one.origin), { visits: 3 });
  assert.deepEqual(await (await fetch(one.origin)).json(), { visits: 1 }, 'a stranger');
  await fetch(`${two.origin}/leave`, { method: 'POST', headers: { cookie } });
  assert.deepEqual(await visit(one.origin), { visits: 1 });
  await Promise.all([assertEnds(one.program), assertEnds(two.program)]);
});

test('rate-limiting: the eleventh request is refused, by any process', async (t) => {
  const name = 'rate-limiting/server.mjs';
  const [one, two] = await Promise.all([serve(t, name), serve(t, name)]);
  const answers: Response[] = [];
  for (let i = 0; i < 12; i++) answers.push(await fetch((i % 2 === 0 ? one : two).origin));
  const statuses = answers.map(({ status }) => status);
  assert.deepEqual(statuses, [...Array(10).fill(200), 429, 429]);
  assert.equal(answers[9].headers.get('ratelimit-remaining'), '0');
  assert.ok(Number(answers[10].headers.get('retry-after')) > 30);
  await Promise.all([assertEnds(one.program), assertEnds(two.program)]);
});

test('bullmq-worker: what fails is tried again until all is done', async (t) => {
  const program = start(t, 'bullmq-worker/worker.mjs');
  assert.equal(await program.ended, 0, program.output());
  const lines = program.output().trimEnd().split('\n');
  assert.equal(lines.at(-1), '3 done, 0 failed');
  assert.deepEqual(
    new Set(lines.slice(0, -1)),
    new Set(['sent to ada', 'sent to bob', 'sent to eve', 'bob: mailbox is busy, again later']),
  );
});

test('cache-aside: a crowd loads once', async (t) => {
  const program = start(t, 'cache-aside/cache-aside.mjs');
  assert.equal(await program.ended, 0, program.output());
  assert.deepEqual(program.output().trimEnd().split('\n'), [
    '50 readers of Ada, 1 load',
    'Ada Lovelace, 2 loads',
    'nobody: undefined, 3 loads',
  ]);
});

test('embedded-in-tests: its tests pass', async (t) => {
  const program = start(t, 'embedded-in-tests/visits.test.mjs');
  assert.equal(await program.ended, 0, program.output());
  assert.match(program.output(), /pass 2/);
});

test('each example is one program, has its line in the list and its test here', () => {
  const text = fs.readFileSync(path.join(FOLDER, 'README.md'), 'utf8');
  const tests = fs.readFileSync(path.join(ROOT, 'tests/examples/examples.test.ts'), 'utf8');
  const folders = fs.readdirSync(FOLDER).filter((name) => name !== 'README.md');
  assert.ok(folders.length >= 5);
  for (const folder of folders) {
    const [program, ...others] = fs.readdirSync(path.join(FOLDER, folder));
    assert.deepEqual(others, [], folder);
    assert.ok(text.includes(`| [${folder}](${folder}/${program}) |`), folder);
    assert.ok(tests.includes(`test('${folder}: `), folder);
  }
});
