/** Does what a block of a page says, and sees whether it went as the page shows it. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { type Block, holds, type ShellCommand, splitCommands } from './page-blocks.ts';
import type { PageStage } from './page-stage.ts';

/**
 * | block | what is done |
 * |---|---|
 * | `sh` | commands must succeed and print what their comments say, or, with `fails:`, not |
 * | `sh alone` | the same, when the node of before has stopped |
 * | `sh start` | each line starts a node in the place of the one before |
 * | `sh elsewhere` | needs docker, kubectl or a registry: a shell must be able to read it |
 * | `redis` | a session of redis-cli, command by command as at its prompt |
 * | `js`, `js app.mjs` | a program, whose lines of output stand behind each console.log |
 * | `yaml`, `conf` with a name | becomes that file, which `hypercache config validate` must take |
 * | `json` | must be JSON |
 */
export async function playBlock(block: Block, stage: PageStage): Promise<void> {
  const body = stage.placed(block.body);
  switch (`${block.language} ${block.mode}`.trim()) {
    case 'sh start':
      for (const { text } of splitCommands(body)) await stage.startNode(text);
      return;
    case 'sh elsewhere':
      return assertReadable(stage, body);
    case 'sh alone':
      await stage.stopNode();
      return playShell(stage, splitCommands(body));
    case 'sh':
      await stage.needNode();
      return playShell(stage, splitCommands(body));
    case 'redis':
      await stage.needNode();
      return playSession(stage, body);
    case 'json':
      JSON.parse(body);
      return;
  }
  switch (block.language) {
    case 'js':
      await stage.needNode();
      return playProgram(stage, body, block.mode === '' ? 'program.mjs' : block.mode);
    case 'yaml':
    case 'conf':
      assert.notEqual(block.mode, '', 'settings need the name of a file behind the language');
      return playSettings(stage, body, block.mode);
  }
  assert.fail(`nothing is known of blocks of ${block.language} ${block.mode}`);
}

async function assertReadable(stage: PageStage, body: string): Promise<void> {
  const { code, output } = await stage.run('sh', ['-n'], body);
  assert.equal(code, 0, output);
}

const FAILURE = /^fails: /;

/** One shell for all, so that variables are kept. */
async function playShell(stage: PageStage, commands: readonly ShellCommand[]): Promise<void> {
  const script = commands.map(({ text }) => `${text}\nprintf '\\n@@%d@@\\n' $?\n`).join('');
  const { output } = await stage.run('sh', ['-c', `exec 2>&1\n${script}`]);
  const parts = output.split(/\n@@(\d+)@@\n/);
  for (const [i, { text, expected }] of commands.entries()) {
    const [printed, code] = [parts[2 * i], parts[2 * i + 1]];
    const mayFail = expected !== null && FAILURE.test(expected);
    assert.equal(code === '0', !mayFail, `${text}\nended with ${code}:\n${printed}`);
    if (expected === null) continue;
    assert.ok(holds(printed, expected.replace(FAILURE, '')), `${text}\nprints\n${printed}`);
  }
}

const PROMPT = /^127\.0\.0\.1:(\d+)(?:\[\d+\])?> /m;

async function playSession(stage: PageStage, body: string): Promise<void> {
  const port = PROMPT.exec(body)?.[1];
  assert.ok(port !== undefined, 'a session begins with a prompt');
  const exchanges = body.split(new RegExp(PROMPT, 'gm')).filter((_, i) => i > 0 && i % 2 === 0);
  const commands = exchanges.map((exchange) => exchange.split('\n', 1)[0]);
  const expected = exchanges.flatMap((exchange) => exchange.trimEnd().split('\n').slice(1));
  const { output } = await stage.run('redis-cli', ['-p', port], `${commands.join('\n')}\n`);
  // It adds how long a slow answer took.
  const printed = output.split('\n').filter((line) => line !== '' && !/^\(\d+\.\d+s\)$/.test(line));
  const shown = `the session goes\n${output}`;
  assert.equal(printed.length, expected.length, shown);
  for (const [i, line] of expected.entries()) {
    const isAsShown = isJustBelow(printed[i], line) || holds(printed[i], line);
    assert.ok(isAsShown, `${printed[i]} where ${line} was expected: ${shown}`);
  }
}

/** Of a time to live some seconds may have gone by. */
function isJustBelow(printed: string, line: string): boolean {
  const [left, whole] = [printed, line].map((text) =>
    Number(/^\(integer\) (\d+)$/.exec(text)?.[1]),
  );
  return whole >= 60 && left <= whole && left > whole - 50;
}

async function playProgram(stage: PageStage, body: string, name: string): Promise<void> {
  fs.writeFileSync(path.join(stage.folder, name), body);
  const { code, output } = await stage.run(process.execPath, [name]);
  assert.equal(code, 0, output);
  const expected = [...body.matchAll(/console\.log\(.*\); +\/\/ (.*)/g)].map(([, text]) => text);
  const printed = output.trimEnd().split('\n');
  assert.equal(printed.length, expected.length, output);
  for (const [i, text] of expected.entries()) assert.ok(holds(printed[i], text), output);
}

async function playSettings(stage: PageStage, body: string, name: string): Promise<void> {
  fs.writeFileSync(path.join(stage.folder, name), body);
  const { code, output } = await stage.run('hypercache', ['config', 'validate', name]);
  assert.equal(code, 0, output);
}
