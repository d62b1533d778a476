import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { plainReply } from '../../src/testing/reply-decoder.ts';
import { compareImages, type Image, readImage } from '../support/keyspace-image.ts';
import { type RunningServer, startOurs, startRedis, waitFor } from '../support/server.ts';
import { type Argument, WireClient } from '../support/wire-client.ts';

/** Where `fill` puts something. */
const DATABASES = [0, 9];

export interface Contents {
  readonly databases: readonly Image[];
  readonly functions: string;
}

export interface Started extends RunningServer {
  readonly client: WireClient;
  /** Fails the test on an error reply. */
  call(...args: Argument[]): Promise<unknown>;
}

/** A server over that directory, once it has read it. */
export async function startOver(
  t: TestContext,
  which: 'ours' | 'redis',
  folder: string,
  args: readonly string[] = [],
): Promise<Started> {
  const quiet = ['--dir', folder, '--save', '', '--appendonly', 'no'];
  const start = which === 'ours' ? startOurs : startRedis;
  const server = await start({ args: [...quiet, ...args] });
  t.after(() => server.stop('SIGKILL'));
  const client = await waitFor('the data to be loaded', 30_000, async () => {
    const one = await WireClient.connect(server.port);
    if ((await one.call('PING')).kind === 'simple') return one;
    one.end();
    return undefined;
  });
  t.after(() => client.end());
  const call = async (...args: Argument[]) => {
    const reply = await client.call(...args);
    if (reply.kind === 'error') assert.fail(`${args.join(' ')}: ${reply.text}`);
    return plainReply(reply);
  };
  return { ...server, client, call };
}

export async function readContents({ client }: Started): Promise<Contents> {
  const databases: Image[] = [];
  for (const number of DATABASES) {
    await client.call('SELECT', String(number));
    databases.push(await readImage(client));
  }
  await client.call('SELECT', '0');
  const list = plainReply(await client.call('FUNCTION', 'LIST', 'WITHCODE'));
  return { databases, functions: JSON.stringify((list as unknown[]).map(sorted).sort()) };
}

function sorted(library: unknown): string {
  return JSON.stringify(library);
}

export function assertSame(found: Contents, wanted: Contents): void {
  for (const [i, image] of wanted.databases.entries()) {
    assert.ok(image.size > 0);
    const differences = compareImages(image, found.databases[i], { nowMs: Date.now() });
    assert.deepEqual(differences, [], `database ${DATABASES[i]}`);
  }
  assert.equal(found.functions, wanted.functions);
}

/** What redis-server says of data it does not like, and goes on all the same. */
export function assertNoComplaint(server: Started): void {
  assert.doesNotMatch(server.output(), /CRITICAL|Unknown|Bad file format|corrupt|error/i);
}

export function checkWith(program: 'redis-check-rdb' | 'redis-check-aof', file: string): string {
  const { status, stdout, stderr } = spawnSync(program, [file], { encoding: 'utf8' });
  assert.equal(status, 0, `${program} ${file}: ${stdout}${stderr}`);
  return stdout;
}

/** Asks for work in the background and waits until it is done. */
export async function finish(server: Started, command: 'BGSAVE' | 'BGREWRITEAOF'): Promise<void> {
  await server.call(command);
  await waitFor(`${command} to end`, 30_000, async () => {
    const info = String(await server.call('INFO', 'persistence'));
    const isBusy = /(rdb_bgsave_in_progress|aof_rewrite_(in_progress|scheduled)):1/.test(info);
    return isBusy ? undefined : true;
  });
}
