import assert from 'node:assert/strict';
import test from 'node:test';
import { bundledNames, narrowSbom } from './sbom.mjs';

const LINE = `\n${'-'.repeat(72)}\n\n`;
const LICENCES = ['b 2.0.0 (MIT)\n\nText (c) of b\n', '@s/a 1.0.0 (MIT OR ISC)\n\nText\n'].join(
  LINE,
);

function component(ref, name, version) {
  return { 'bom-ref': ref, type: 'library', name, version, scope: 'optional' };
}

const WHOLE = {
  bomFormat: 'CycloneDX',
  metadata: { component: { 'bom-ref': 'own@1' } },
  components: [
    component('a@1', '@s/a', '1.0.0'),
    component('b@1', 'b', '1.0.0'),
    component('b@2', 'b', '2.0.0'),
    component('c@1', 'c', '1.0.0'),
  ],
  dependencies: [
    { ref: 'own@1', dependsOn: ['a@1', 'c@1'] },
    { ref: 'a@1', dependsOn: ['b@2', 'c@1'] },
    { ref: 'b@2' },
    { ref: 'c@1', dependsOn: ['b@1'] },
  ],
};

test('the names come from the licences of what was bundled', () => {
  assert.deepEqual(bundledNames(LICENCES), ['@s/a 1.0.0', 'b 2.0.0']);
});

test('what is bundled is told, in the version that is, and what of it needs what', () => {
  const { components, dependencies } = narrowSbom(WHOLE, ['@s/a 1.0.0', 'b 2.0.0']);
  assert.deepEqual(
    components.map(({ name, scope, version }) => `${name} ${version} ${scope}`),
    ['@s/a 1.0.0 required', 'b 2.0.0 required'],
  );
  assert.deepEqual(dependencies, [
    { ref: 'own@1', dependsOn: ['a@1', 'b@2'] },
    { ref: 'a@1', dependsOn: ['b@2'] },
    { ref: 'b@2', dependsOn: [] },
  ]);
});

test('a bundled package that npm does not know stops the release', () => {
  assert.throws(() => narrowSbom(WHOLE, ['b 3.0.0']), /npm does not know of b 3\.0\.0/);
});
