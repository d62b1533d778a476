/**
 * Prints what the changelog says of a version. Fails unless the version is that of package.json and
 * its section has a date.
 *   node scripts/release-notes.mjs v1.2.3
 */
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = path.resolve(import.meta.dirname, '..');

/**
 * @param tag        `v1.2.3`
 * @param version    of package.json
 * @param changelog  sections `## 1.2.3 (2026-01-31)`
 * @returns `{ notes }`, or `{ problem }`
 */
export function releaseNotes(tag, { version, changelog }) {
  if (tag !== `v${version}`) return { problem: `the tag is ${tag}, package.json says ${version}` };
  const [, ...sections] = `\n${changelog}`.split('\n## ');
  const section = sections.find((text) => text.startsWith(`${version} (`));
  if (section === undefined) return { problem: `CHANGELOG.md has no section ${version}` };
  const [title, ...lines] = section.split('\n');
  if (!/ \(\d{4}-\d\d-\d\d\)$/.test(title)) return { problem: `CHANGELOG.md: no date in ${title}` };
  const notes = lines.join('\n').trim();
  return notes === '' ? { problem: `CHANGELOG.md says nothing of ${version}` } : { notes };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const read = (name) => fs.readFileSync(path.join(ROOT, name), 'utf8');
  const { version } = JSON.parse(read('package.json'));
  const { notes, problem } = releaseNotes(process.argv[2] ?? '', {
    version,
    changelog: read('CHANGELOG.md'),
  });
  if (problem === undefined) {
    process.stdout.write(`${notes}\n`);
  } else {
    process.stderr.write(`release: ${problem}\n`);
    process.exitCode = 1;
  }
}
