/**
 * Builds the page at `/` from `page/`: one script and one style, small enough that a second file
 * would cost more than it saves, each named after a digest of what is in it. The bundler is the
 * server's own: a second one would bring ninety packages and a start of its own.
 */
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { build } from 'esbuild';

const ROOT = path.resolve(import.meta.dirname, '..');
const FOLDER = path.join(ROOT, 'page');
/** Files of the page that the bundler leaves as they are. */
const PLAIN = [{ file: 'icon.svg', type: 'image/svg+xml' }];

/** @returns assets as `PAGE_ASSETS` has them, and the paths of the sources that went into them */
export async function buildPage() {
  const made = await build({
    absWorkingDir: ROOT,
    entryPoints: ['page/main.tsx', 'page/page.css'],
    outdir: 'page',
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  const named = new Map();
  const assets = [];
  for (const { path: file, contents } of made.outputFiles) {
    const type = file.endsWith('.css') ? 'text/css' : 'text/javascript';
    add(path.basename(file), `${type}; charset=utf-8`, contents);
  }
  for (const { file, type } of PLAIN) add(file, type, fs.readFileSync(path.join(FOLDER, file)));
  const html = fs.readFileSync(path.join(FOLDER, 'index.html'), 'utf8');
  const text = html.replace(/\/page\/([\w.]+)/g, (_, file) => `/page/${named.get(file)}`);
  assets.push(assetOf('index.html', 'text/html; charset=utf-8', Buffer.from(text)));
  return { assets, inputs: Object.keys(made.metafile.inputs) };

  function add(file, type, bytes) {
    const digest = crypto.createHash('sha256').update(bytes).digest('hex').slice(0, 12);
    const { name, ext } = path.parse(file);
    named.set(file, `${name}-${digest}${ext}`);
    assets.push(assetOf(named.get(file), type, bytes));
  }
}

function assetOf(name, type, bytes) {
  return { name, type, gzip: zlib.gzipSync(bytes, { level: 9 }).toString('base64') };
}
