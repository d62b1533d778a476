import type { Frame } from '../../../base/frame.ts';
import { echoed } from '../../../protocol/error-echo.ts';
import type { ReplyWriter } from '../../../protocol/reply-writer.ts';
import type { CommandRow, Execute } from '../../command-row.ts';
import type { Command } from '../../command-table.ts';
import { helpRow } from '../../help-reply.ts';
import type { NodeServices } from '../../node-services.ts';
import { drawGraph } from './latency-graph.ts';
import type { LatencyHistogram } from './latency-histogram.ts';
import type { LatencyEvent } from './latency-monitor.ts';

const REPORT_TIPS = [
  'nondeterministic_output',
  'request_policy:all_nodes',
  'response_policy:special',
];

function latencyRow(
  name: string,
  facts: Pick<CommandRow, 'arity' | 'summary' | 'syntax'> & Partial<CommandRow>,
  execute: Execute,
): CommandRow {
  return {
    name,
    flags: ['admin', 'noscript', 'loading', 'stale'],
    group: 'server',
    since: '2.8.13',
    complexity: 'O(1)',
    tips: REPORT_TIPS,
    ...facts,
    execute,
  };
}

const graphRow = latencyRow(
  'graph',
  { arity: 3, summary: 'Draw the latest delays of an event', syntax: 'event' },
  ({ node }, frame, reply) => {
    const event = node.latency.events.get(frame.text(2));
    if (event === undefined) {
      const name = echoed(frame, 2);
      return reply.errorLatin1(`ERR No samples available for event '${name}'`);
    }
    reply.verbatim('txt', drawGraph(event, Math.floor(node.clock.nowMs / 1000)));
  },
);

const historyRow = latencyRow(
  'history',
  { arity: 3, summary: 'List the delays of an event with their times', syntax: 'event' },
  ({ node }, frame, reply) => {
    const samples = node.latency.events.get(frame.text(2))?.samples ?? [];
    reply.array(samples.length);
    for (const sample of samples) {
      reply.array(2);
      reply.integer(sample.timeS);
      reply.integer(sample.latencyMs);
    }
  },
);

const latestRow = latencyRow(
  'latest',
  { arity: 2, summary: 'List the latest and the longest delay of every event', syntax: '' },
  ({ node }, _frame, reply) => {
    const { events } = node.latency;
    reply.array(events.size);
    for (const { name, samples, maxMs } of events.values()) {
      const last = samples.at(-1);
      reply.array(4);
      reply.bulkText(name);
      reply.integer(last?.timeS ?? 0);
      reply.integer(last?.latencyMs ?? 0);
      reply.integer(maxMs);
    }
  },
);

const resetRow = latencyRow(
  'reset',
  {
    arity: -2,
    summary: 'Forget the delays of some events, or of all',
    syntax: '[event [event ...]]',
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  },
  ({ node }, frame, reply) => {
    const names: string[] = [];
    for (let arg = 2; arg < frame.count; arg++) names.push(frame.text(arg));
    reply.integer(node.latency.reset(names));
  },
);

const histogramRow = latencyRow(
  'histogram',
  {
    arity: -2,
    since: '7.0.0',
    complexity: 'O(N) where N is the number of commands with latency information being retrieved.',
    summary: 'Show how the durations of commands are distributed',
    syntax: '[command [command ...]]',
  },
  ({ node }, frame, reply) => {
    const names = frame.count === 2 ? node.latency.histograms.keys() : wantedNames(node, frame);
    replyHistograms(node, [...new Set(names)], reply);
  },
);

/** A container stands for its subcommands too. */
function wantedNames(node: NodeServices, frame: Frame): string[] {
  const names: string[] = [];
  for (let arg = 2; arg < frame.count; arg++) {
    const command: Command | null = node.table.find(frame.latin1(arg));
    if (command === null) continue;
    names.push(command.fullName);
    for (const child of command.subcommands?.values() ?? []) names.push(child.fullName);
  }
  return names;
}

function replyHistograms(node: NodeServices, names: readonly string[], reply: ReplyWriter): void {
  const found = names.filter((name) => node.latency.histograms.has(name));
  reply.map(found.length);
  for (const name of found) {
    const histogram = node.latency.histograms.get(name) as LatencyHistogram;
    const calls = callsOf(node, name, histogram);
    const pairs = scaled(histogram, calls);
    reply.bulkText(name);
    reply.map(2);
    reply.bulkText('calls');
    reply.integer(calls);
    reply.bulkText('histogram_usec');
    reply.map(pairs.length);
    for (const [bound, count] of pairs) {
      reply.integer(bound);
      reply.integer(count);
    }
  }
}

/** Every call is counted, and only some are timed: what was counted is told. */
function callsOf(node: NodeServices, name: string, histogram: LatencyHistogram): number {
  const isComplete = node.configuration.latency.tracking;
  return (isComplete ? node.table.find(name)?.calls : undefined) ?? histogram.total;
}

/** The cumulative counts as shares of so many calls, still growing from pair to pair. */
function scaled(histogram: LatencyHistogram, calls: number): [number, number][] {
  const pairs: [number, number][] = [];
  let reported = 0;
  for (const [bound, count] of histogram.cumulative()) {
    const share = Math.round((count * calls) / histogram.total);
    if (share > reported) pairs.push([bound, share]);
    reported = share;
  }
  return pairs;
}

const doctorRow = latencyRow(
  'doctor',
  { arity: 2, summary: 'Report in words which delays were seen', syntax: '' },
  ({ node }, _frame, reply) => reply.verbatim('txt', `${diagnosis(node)}\n`),
);

function diagnosis({ latency, configuration }: NodeServices): string {
  if (configuration.latency.monitorThresholdMs === 0) {
    return (
      'Latency monitoring is off. CONFIG SET latency-monitor-threshold <milliseconds> turns it ' +
      'on; delays that long are then kept.'
    );
  }
  if (latency.events.size === 0) return 'No delay above the threshold was seen.';
  const lines = [...latency.events.values()].map(describeEvent);
  const { slowerThanUs } = configuration.slowlog;
  if (slowerThanUs < 0 || slowerThanUs > configuration.latency.monitorThresholdMs * 1000) {
    lines.push(
      '* The slow log keeps less than this report: lower slowlog-log-slower-than to see the ' +
        'commands behind these delays.',
    );
  }
  return lines.join('\n');
}

function describeEvent({ name, samples, maxMs }: LatencyEvent): string {
  const sumMs = samples.reduce((sum, sample) => sum + sample.latencyMs, 0);
  const averageMs = sumMs / samples.length;
  const deviationMs =
    samples.reduce((sum, sample) => sum + Math.abs(sample.latencyMs - averageMs), 0) /
    samples.length;
  return (
    `* ${name}: ${samples.length} delays, ${averageMs.toFixed(0)} ms on average ` +
    `(mean deviation ${deviationMs.toFixed(0)} ms), longest ever ${maxMs} ms.`
  );
}

const latencyHelpRow = helpRow({
  container: 'LATENCY',
  group: 'server',
  since: '2.8.13',
  lines: [
    'DOCTOR',
    '    Return a human readable latency analysis report.',
    'GRAPH <event>',
    '    Return an ASCII latency graph for the <event> class.',
    'HISTORY <event>',
    '    Return time-latency samples for the <event> class.',
    'LATEST',
    '    Return the latest latency samples for all events.',
    'RESET [<event> ...]',
    '    Reset latency data of one or more <event> classes.',
    '    (default: reset all data for all event classes)',
    'HISTOGRAM [COMMAND ...]',
    '    Return a cumulative distribution of latencies in the format of a histogram for the ' +
      'specified command names.',
    '    If no commands are specified then all histograms are replied.',
  ],
});

export const latencyCommand: CommandRow = {
  name: 'latency',
  arity: -2,
  flags: [],
  group: 'server',
  since: '2.8.13',
  complexity: 'Depends on subcommand.',
  summary: 'Container of commands on delays and on the durations of commands',
  syntax: '',
  subcommands: [doctorRow, graphRow, latencyHelpRow, histogramRow, historyRow, latestRow, resetRow],
};
