/**
 * Records what commands redis-server has, from its COMMAND DOCS, into scripts/docs/
 * redis-commands.json: name, group and the release that brought it. docs/commands.md is held
 * against that list. Run again for another version: node scripts/record-redis-commands.mjs
 */
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const FILE = path.join(import.meta.dirname, 'docs/redis-commands.json');
const TRY_COUNT = 50;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'redis-commands-'));
const socket = path.join(folder, 'socket');
const server = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--save', ''], {
  stdio: 'ignore',
});
try {
  await waitForServer();
  const version = ask('INFO', 'server').match(/redis_version:(\S+)/)[1];
  const docs = JSON.parse(ask('--json', 'COMMAND', 'DOCS'));
  const commands = Object.entries(docs).flatMap(([name, facts]) => [
    summaryOf(name, facts),
    ...Object.entries(facts.subcommands ?? {}).map(([child, each]) => summaryOf(child, each)),
  ]);
  commands.sort((left, right) => (left.name < right.name ? -1 : 1));
  const lines = commands.map((command) => `    ${JSON.stringify(command)}`);
  const text = `{\n  "version": "${version}",\n  "commands": [\n${lines.join(',\n')}\n  ]\n}\n`;
  fs.writeFileSync(FILE, text);
  process.stdout.write(`${commands.length} commands of redis-server ${version}\n`);
} finally {
  server.kill();
  fs.rmSync(folder, { recursive: true, force: true });
}

function summaryOf(name, facts) {
  const isContainer = facts.subcommands !== undefined;
  return { name, group: facts.group, since: facts.since, ...(isContainer && { isContainer }) };
}

function ask(...args) {
  return execFileSync('redis-cli', ['-s', socket, ...args], { encoding: 'utf8' });
}

async function waitForServer() {
  for (let left = TRY_COUNT; ; left--) {
    if (fs.existsSync(socket) && ask('PING').startsWith('PONG')) return;
    if (left === 0) throw new Error('redis-server does not answer');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
