/**
 * Prints what the package consists of, as CycloneDX 1.5. npm knows every package of the lock file;
 * of these only those count whose code the build has put into `dist/`, which are all that a user
 * gets: to npm they are development packages, since an installation fetches none of them.
 *   npm run build && node scripts/sbom.mjs > sbom.cdx.json
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = path.resolve(import.meta.dirname, '..');
const LICENCES = path.join(ROOT, 'dist/THIRD-PARTY-LICENSES.txt');

/** @returns `name version` of each part, as the build has written them above each licence */
export function bundledNames(licences) {
  return licences
    .split(`\n${'-'.repeat(72)}\n\n`)
    .map((part) => part.slice(0, part.indexOf(' (')))
    .sort();
}

/**
 * @param whole  what `npm sbom` says of all packages
 * @param names  `name version` of those that are bundled
 */
export function narrowSbom(whole, names) {
  const nameOf = ({ group, name, version }) =>
    `${group === undefined ? name : `${group}/${name}`} ${version}`;
  const wanted = new Set(names);
  const components = [];
  for (const component of whole.components) {
    // A version that lies in two places of node_modules is told twice.
    if (!wanted.delete(nameOf(component))) continue;
    components.push({ ...component, scope: 'required' });
  }
  if (wanted.size > 0) throw new Error(`npm does not know of ${[...wanted].join(', ')}`);
  const refs = new Set(components.map((component) => component['bom-ref']));
  const root = whole.metadata.component['bom-ref'];
  const dependencies = whole.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((to) => refs.has(to)) }));
  return {
    ...whole,
    components,
    dependencies: [{ ref: root, dependsOn: [...refs] }, ...dependencies],
  };
}

export function makeSbom() {
  const run = spawnSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (run.status !== 0) throw new Error(`npm sbom: ${run.stderr}`);
  return narrowSbom(JSON.parse(run.stdout), bundledNames(fs.readFileSync(LICENCES, 'utf8')));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.stdout.write(`${JSON.stringify(makeSbom(), null, 2)}\n`);
}
