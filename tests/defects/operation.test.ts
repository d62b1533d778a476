import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { panelQueries } from '../observability/panels.ts';
import { ROOT } from '../support/server.ts';
import { type DefectNode, defect, startNode } from './defect-kit.ts';

interface RuleFile {
  readonly groups: readonly { readonly rules: readonly { alert?: string; expr: string }[] }[];
}

/** Names that the node tells, of those that the expressions ask for. */
async function missingOf({ ask }: DefectNode, expressions: readonly string[]): Promise<string[]> {
  const { text } = await ask('/metrics');
  const told = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  const asked = expressions.flatMap((expr) => expr.match(/(?<![\w:])hypercache_\w+/g) ?? []);
  return asked.map((name) => name.replace(/_(bucket|sum)$/, '')).filter((name) => !told.has(name));
}

defect('no alert rules though promised', async (t) => {
  const text = fs.readFileSync(path.join(ROOT, 'deploy/prometheus/rules/alerts.yml'), 'utf8');
  const { groups } = parse(text) as RuleFile;
  const rules = groups.flatMap((group) => group.rules);
  for (const word of ['NodeDown', 'Split', 'Memory', 'HitRatio', 'Lag', 'Refused', 'Eviction']) {
    assert.ok(
      rules.some(({ alert }) => alert?.includes(word)),
      word,
    );
  }
  const node = await startNode(t);
  assert.deepEqual(
    await missingOf(
      node,
      rules.map(({ expr }) => expr),
    ),
    [],
  );
});

defect('dashboards that ask for what no node tells', async (t) => {
  const expressions = panelQueries().map(({ expr }) => expr);
  assert.ok(expressions.length > 80);
  assert.deepEqual(await missingOf(await startNode(t), expressions), []);
});
