/** docs/metrics.md: every row of the metric table. */
export function metricsPage(rows) {
  const lines = Object.values(rows)
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .map((row) => `| \`${row.name}\` | ${row.type} | ${row.labels.join(', ')} | ${row.help} |`);
  return `# Metrics
GET /metrics of the HTTP port, in the text format of Prometheus; \`promtool check metrics\` has
nothing to say of it. Nothing in it walks keys: a scrape takes as long with ten million keys as with
none (\`npm run bench:scrape\`). With a password it needs a login, by Basic or Bearer, and the
permission to run INFO. This page is made of the metric table (\`npm run docs\`).

Counters go on from the start, or from CONFIG RESETSTAT. Durations of a command are those of the
calls that were timed, weighted: of commands of constant cost one in 17. While
\`latency-tracking\` is off there are none.

For dashboards of the original each command has names of its own as well, once it was called:
\`hypercache_operations_total_set\` (without a type: as a counter it would have to end in
\`_total\`) and \`hypercache_operation_duration_seconds_set\`.

| name | type | labels | what |
|---|---|---|---|
${lines.join('\n')}
`;
}
