/**
 * Dashboards as Grafana reads them, and the rules once more in the shape of the Prometheus operator
 * and for the chart, which can only hold what lies below it.
 */
import fs from 'node:fs';
import path from 'node:path';

const RULES = 'deploy/prometheus/rules';
const CHART = 'deploy/helm/hypercache/files';

/**
 * @param dashboards  name of the file -> its text
 * @returns           path -> text
 */
export function monitoringFiles(root, dashboards) {
  const rules = readRules(root);
  const files = {
    'deploy/prometheus/prometheus-rule.yaml': prometheusRule(rules),
    [`${CHART}/rules.yml`]: rules,
  };
  for (const [name, text] of Object.entries(dashboards)) {
    files[`deploy/grafana/dashboards/${name}`] = text;
    files[`${CHART}/dashboards/${name}`] = `${JSON.stringify(JSON.parse(text))}\n`;
  }
  return files;
}

/** The groups of all files as one. */
function readRules(root) {
  const folder = path.join(root, RULES);
  const texts = fs.readdirSync(folder).sort().reverse();
  const groups = texts.map((name) => {
    const text = fs.readFileSync(path.join(folder, name), 'utf8');
    return text.slice(text.indexOf('groups:\n') + 'groups:\n'.length);
  });
  return `# Made of ${RULES} by \`npm run docs\`; do not edit.\ngroups:\n${groups.join('')}`;
}

function prometheusRule(rules) {
  const [comment, ...lines] = rules.trimEnd().split('\n');
  return `${comment}
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: hypercache
  labels:
    app.kubernetes.io/name: hypercache
spec:
${lines.map((line) => `  ${line}`).join('\n')}
`;
}
