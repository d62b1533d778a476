import assert from 'node:assert/strict';
import test from 'node:test';
import { releaseNotes } from './release-notes.mjs';

const changelog = `# Changelog
All of it.

## 0.3.0 (unreleased)
- Later.

## 0.2.0 (2026-05-04)
- One.
- Two:
  more of it.

## 0.1.0 (2026-01-31)

## 0.0.1 (2025-12-01)
- First.
`;

test('the section of the version is told, and no other', () => {
  assert.deepEqual(releaseNotes('v0.2.0', { version: '0.2.0', changelog }), {
    notes: '- One.\n- Two:\n  more of it.',
  });
  assert.deepEqual(releaseNotes('v0.0.1', { version: '0.0.1', changelog }), { notes: '- First.' });
});

test('a release is refused without its version, its section, its date, or a word of it', () => {
  const problem = (tag, version) => releaseNotes(tag, { version, changelog }).problem;
  assert.match(problem('v0.2.0', '0.1.0'), /the tag is v0\.2\.0, package\.json says 0\.1\.0/);
  assert.match(problem('0.2.0', '0.2.0'), /the tag is 0\.2\.0/);
  assert.match(problem('', '0.2.0'), /the tag is /);
  assert.match(problem('v0.9.0', '0.9.0'), /no section 0\.9\.0/);
  assert.match(problem('v0.2', '0.2'), /no section 0\.2/);
  assert.match(problem('v0.3.0', '0.3.0'), /no date in 0\.3\.0 \(unreleased\)/);
  assert.match(problem('v0.1.0', '0.1.0'), /says nothing of 0\.1\.0/);
});
