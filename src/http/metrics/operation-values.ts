/**
 * Calls and durations of each command that was called. Calls are exact. Durations are those of the
 * calls that were timed, weighted: of commands of constant cost one in many, so that the count of a
 * histogram may differ a little from the number of calls; it never goes down.
 */
import type { Command } from '../../commands/command-table.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import { HISTOGRAM_BOUNDS_S } from '../../commands/server/latency/latency-histogram.ts';
import type { MetricSource, MetricValue } from './sampled-values.ts';

export function operationCounts({ node }: MetricSource): MetricValue[] {
  const values: MetricValue[] = [];
  for (const command of calledCommands(node)) {
    values.push({ value: command.calls, labels: { command: command.fullName } });
  }
  return values;
}

export function operationDurations({ node }: MetricSource): MetricValue[] {
  const values: MetricValue[] = [];
  for (const command of calledCommands(node)) {
    pushHistogram(values, node, command, 'hypercache_operation_duration_seconds', {
      command: command.fullName,
    });
  }
  return values;
}

/** As the original named them: one metric for each command, in its name. */
export interface CommandAlias {
  readonly name: string;
  readonly type: 'untyped' | 'histogram';
  readonly help: string;
  values(): MetricValue[];
}

/** Of commands only: the original had no subcommands, and nobody can ask for what it never had. */
export function* operationAliases(node: NodeServices): Generator<CommandAlias> {
  for (const command of calledCommands(node)) {
    if (command.parent !== null) continue;
    const { fullName } = command;
    const suffix = fullName.replaceAll('-', '_');
    yield {
      name: `hypercache_operations_total_${suffix}`,
      type: 'untyped',
      help: `Calls of ${fullName}: hypercache_operations_total of that command.`,
      values: () => [{ value: command.calls, labels: {} }],
    };
    if (!node.latency.histograms.has(fullName)) continue;
    const name = `hypercache_operation_duration_seconds_${suffix}`;
    yield {
      name,
      type: 'histogram',
      help: `Time in ${fullName}: hypercache_operation_duration_seconds of that command.`,
      values: () => {
        const values: MetricValue[] = [];
        pushHistogram(values, node, command, name, {});
        return values;
      },
    };
  }
}

const BOUND_TEXTS = HISTOGRAM_BOUNDS_S.map((bound) => String(bound));

function pushHistogram(
  values: MetricValue[],
  node: NodeServices,
  command: Command,
  name: string,
  labels: MetricValue['labels'],
): void {
  const histogram = node.latency.histograms.get(command.fullName);
  if (histogram === undefined) return;
  const bucketName = `${name}_bucket`;
  const counts = histogram.countsWithinBounds();
  for (let i = 0; i < counts.length; i++) {
    values.push({ value: counts[i], labels, le: BOUND_TEXTS[i], metricName: bucketName });
  }
  const { total } = histogram;
  values.push({ value: total, labels, le: '+Inf', metricName: bucketName });
  values.push({ value: command.usec / 1e6, labels, metricName: `${name}_sum` });
  values.push({ value: total, labels, metricName: `${name}_count` });
}

function* calledCommands(node: NodeServices): Generator<Command> {
  for (const command of node.table.commands) {
    if (command.calls > 0) yield command;
    for (const child of command.subcommands?.values() ?? []) if (child.calls > 0) yield child;
  }
}
