/**
 * Builds `dist/`, all that the npm package ships: one bundled file per entry (450 separate modules
 * alone cost 196 ms of start-up, one file 93), rare rooms as chunks loaded when first needed,
 * and the declarations that the public entry reaches. Third-party libraries are bundled too: an
 * installation then fetches one package and runs no script; their licences travel in one file.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { buildPage } from './build-page.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const DIST = path.join(ROOT, 'dist');
const SHEBANG = '#!/usr/bin/env node\n';
/**
 * Bundled CommonJS libraries ask for node's modules through `require`; ESM has none. Our own code
 * does not: a chunk without such a library goes without.
 */
const REQUIRE_BANNER =
  "import { createRequire as makeRequire } from 'node:module';" +
  'const require = makeRequire(import.meta.url);';

/**
 * `await import('pino')` of a CommonJS package has named exports in Node, which finds them by
 * reading the source; a bundle would have `default` alone. What Node finds is written out.
 */
const NAMED_EXPORTS = {
  name: 'named-exports',
  setup(bundler) {
    bundler.onResolve({ filter: /^[^./]/ }, (args) => {
      if (args.kind !== 'dynamic-import' || args.path.startsWith('node:')) return undefined;
      return { path: args.path, namespace: 'named-exports' };
    });
    bundler.onLoad({ filter: /./, namespace: 'named-exports' }, async ({ path: name }) => {
      const names = Object.keys(await import(name)).filter((key) => /^[a-z]\w*$/i.test(key));
      const named = names.filter((key) => key !== 'default').join(', ');
      const whole = `import whole from '${name}';\nexport default whole;\n`;
      return {
        contents: `${whole}export const { ${named} } = whole;`,
        resolveDir: ROOT,
      };
    });
  },
};

const startMs = performance.now();
const pkg = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
fs.rmSync(DIST, { recursive: true, force: true });
const page = await buildPage();
const inputs = [...(await bundle()), ...page.inputs];
dropNeedlessBanners();
markExecutable();
writeLicences(inputs);
if (!process.argv.includes('--no-types')) writeDeclarations();
const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
process.stdout.write(`built dist/ of ${pkg.name} ${pkg.version} in ${seconds} s\n`);

/**
 * Each entry is bundled by itself: what both have in common then needs no chunks of its own, each
 * of which costs a start 1 ms. Nobody loads both.
 * @returns paths of every source file that went into the bundles
 */
async function bundle() {
  const found = new Set();
  for (const entry of ['main', 'index', ...findWorkers()]) {
    const result = await build({
      absWorkingDir: ROOT,
      entryPoints: [`src/${entry}.ts`],
      outdir: 'dist',
      bundle: true,
      splitting: true,
      chunkNames: `chunks/${entry}-[name]-[hash]`,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      // Lines and names stay: Node prints the whole line that threw, and a bundle of one line is
      // big. Without them a start would be 3 ms shorter.
      minifySyntax: true,
      plugins: [NAMED_EXPORTS, pageAssets(page.assets)],
      banner: { js: REQUIRE_BANNER },
      define: { HYPERCACHE_VERSION: JSON.stringify(pkg.version) },
      metafile: true,
      logLevel: 'warning',
    });
    for (const input of Object.keys(result.metafile.inputs)) found.add(input);
  }
  return [...found];
}

/** The page's files stand in a chunk that the first request for them loads. */
function pageAssets(assets) {
  return {
    name: 'page-assets',
    setup(bundler) {
      bundler.onLoad({ filter: /[/\\]http[/\\]page[/\\]page-assets\.ts$/ }, () => ({
        contents: `export const PAGE_ASSETS = ${JSON.stringify(assets)};`,
      }));
    },
  };
}

/** What a thread of its own runs: an entry like the others. */
function findWorkers() {
  const names = fs
    .readdirSync(path.join(ROOT, 'src'))
    .filter((name) => /^worker-.*\.ts$/.test(name));
  return names.filter((name) => !name.endsWith('.test.ts')).map((name) => path.parse(name).name);
}

function dropNeedlessBanners() {
  for (const name of fs.readdirSync(DIST, { recursive: true })) {
    if (!name.endsWith('.js')) continue;
    const file = path.join(DIST, name);
    const text = fs.readFileSync(file, 'utf8');
    const code = text.replace(`${REQUIRE_BANNER}\n`, '');
    if (!/\brequire\b/.test(code)) fs.writeFileSync(file, code);
  }
}

function markExecutable() {
  const file = path.join(DIST, 'main.js');
  if (!fs.existsSync(file)) return;
  const text = fs.readFileSync(file, 'utf8');
  if (!text.startsWith('#!')) fs.writeFileSync(file, SHEBANG + text);
  fs.chmodSync(file, 0o755);
}

function writeLicences(inputs) {
  const names = new Set();
  for (const input of inputs) {
    const match = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match) names.add(match[1]);
  }
  const parts = [];
  for (const name of [...names].sort()) {
    const folder = path.join(ROOT, 'node_modules', name);
    const meta = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
    const file = fs.readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file && !meta.license) throw new Error(`${name} is bundled but names no licence`);
    const text = file
      ? fs.readFileSync(path.join(folder, file), 'utf8').trim()
      : `The package names its licence and ships no text of it. Author: ${authorOf(meta)}`;
    parts.push(`${name} ${meta.version} (${meta.license})\n\n${text}\n`);
  }
  const line = `\n${'-'.repeat(72)}\n\n`;
  fs.writeFileSync(path.join(DIST, 'THIRD-PARTY-LICENSES.txt'), parts.join(line));
}

function authorOf({ author, name }) {
  return typeof author === 'string' ? author : (author?.name ?? `see ${name}`);
}

/** Keeps only what `index.d.ts` reaches: the rest describes rooms that no user can import. */
function writeDeclarations() {
  if (!fs.existsSync(path.join(ROOT, 'src/index.ts'))) return;
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.types.json'], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  const types = path.join(DIST, 'types');
  const reached = new Set();
  const waiting = [path.join(types, 'index.d.ts')];
  while (waiting.length > 0) {
    const file = waiting.pop();
    if (reached.has(file)) continue;
    reached.add(file);
    const text = fs.readFileSync(file, 'utf8');
    const rewritten = text.replace(/(['"])(\.{1,2}\/[^'"]+?)\.ts\1/g, '$1$2.js$1');
    if (rewritten !== text) fs.writeFileSync(file, rewritten);
    for (const match of rewritten.matchAll(/['"](\.{1,2}\/[^'"]+)\.js['"]/g)) {
      waiting.push(path.join(path.dirname(file), `${match[1]}.d.ts`));
    }
  }
  for (const entry of fs.readdirSync(types, { recursive: true })) {
    const file = path.join(types, entry);
    if (fs.statSync(file).isFile() && !reached.has(file)) fs.rmSync(file);
  }
  removeEmptyFolders(types);
}

function removeEmptyFolders(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmptyFolders(path.join(folder, entry.name));
  }
  if (fs.readdirSync(folder).length === 0) fs.rmdirSync(folder);
}
