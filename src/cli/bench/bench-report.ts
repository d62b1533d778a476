/** What a bench found, for programs and for people. */

import { describePlace } from '../resp/resp-talk.ts';
import type { Paint } from '../terminal/paint.ts';
import { formatTable } from '../terminal/table.ts';
import { counted, describeMs, describeShare } from '../terminal/units.ts';
import type { BenchPlan } from './bench-plan.ts';
import type { LatencyHistogram } from './latency-histogram.ts';
import type { LoadRun } from './load-run.ts';
import type { Measurement } from './measurement.ts';

const PERCENTILES = [
  ['p50', 0.5],
  ['p90', 0.9],
  ['p99', 0.99],
  ['p99.9', 0.999],
  ['p99.99', 0.9999],
] as const;

/** Below that share of what was asked for the node did not keep up. */
const KEPT_UP_SHARE = 0.99;

export function describeBench(
  plan: BenchPlan,
  run: LoadRun,
  paint: Paint,
): { facts: object; text: string } {
  return { facts: factsOf(plan, run), text: textOf(plan, run, paint) };
}

function factsOf(plan: BenchPlan, { lostCount, lostReason, measurement }: LoadRun): object {
  const { connectionCount, depth, operations, ratePerS, space } = plan;
  return {
    target: plan.places.map(describePlace),
    loop: ratePerS === null ? 'closed' : 'open',
    rate_asked: ratePerS,
    rate: Math.round(rateOf(measurement)),
    seconds: measurement.lastedMs / 1000,
    clients: connectionCount,
    pipeline: depth,
    mix: Object.fromEntries(operations.map(({ row, weight }) => [row.name, weight])),
    keys: space.keyCount,
    value_bytes: space.valueBytes,
    skew: space.skew,
    answered: measurement.answeredCount,
    unanswered: measurement.unansweredCount,
    nulls: measurement.nullCount,
    errors: measurement.errorCount,
    first_error: measurement.errorText,
    lost_connections: lostCount,
    lost_because: lostReason,
    latency_ms: latencyFacts(measurement.total()),
    waited_ms: latencyFacts(measurement.waits),
    operations: Object.fromEntries(
      operations.map(({ row }, i) => [
        row.name,
        {
          count: measurement.latencies[i].count,
          latency_ms: latencyFacts(measurement.latencies[i]),
        },
      ]),
    ),
  };
}

function latencyFacts(latency: LatencyHistogram): object {
  return {
    min: latency.minMs,
    mean: latency.meanMs,
    ...Object.fromEntries(PERCENTILES.map(([name, share]) => [name, latency.percentileMs(share)])),
    max: latency.maxMs,
  };
}

function textOf(plan: BenchPlan, run: LoadRun, paint: Paint): string {
  const { measurement } = run;
  return [headOf(plan), outcomeOf(plan, run, paint), latencyTable(plan, measurement, paint)].join(
    '\n',
  );
}

function headOf({
  connectionCount,
  depth,
  operations,
  places,
  ratePerS,
  space,
}: BenchPlan): string {
  const loop = ratePerS === null ? 'closed loop' : `open loop, ${ratePerS} commands/s asked for`;
  const clients = `${counted(connectionCount, 'client')}, pipeline ${depth}`;
  const total = operations.reduce((sum, { weight }) => sum + weight, 0);
  const mix = operations.map(
    ({ row, weight }) => `${row.name} ${Math.round((100 * weight) / total)} %`,
  );
  const skew = space.skew === 1 ? '' : `, skew ${space.skew}`;
  const keys = `${counted(space.keyCount, 'key')}, values of ${space.valueBytes} bytes${skew}`;
  const targets = places.map(describePlace).join(', ');
  return `${targets}: ${loop}; ${clients}\n${mix.join(', ')}; ${keys}\n`;
}

function outcomeOf(
  { ratePerS }: BenchPlan,
  { lostCount, lostReason, measurement }: LoadRun,
  paint: Paint,
): string {
  const { answeredCount, errorCount, errorText, nullCount, unansweredCount } = measurement;
  const rate = rateOf(measurement);
  const seconds = (measurement.lastedMs / 1000).toFixed(1);
  const lines = [
    `${paint('head', `${Math.round(rate)} commands/s`)}: ${answeredCount} in ${seconds} s`,
  ];
  if (nullCount > 0) lines.push(`${describeShare(nullCount / answeredCount)} found nothing`);
  if (ratePerS !== null && rate < ratePerS * KEPT_UP_SHARE) {
    lines.push(paint('bad', 'the node did not keep up with what was asked for'));
  }
  if (unansweredCount > 0) lines.push(paint('bad', `${unansweredCount} were not answered`));
  if (errorCount > 0) lines.push(paint('bad', `${counted(errorCount, 'error')}: ${errorText}`));
  if (lostCount > 0) {
    lines.push(paint('bad', `${counted(lostCount, 'connection')} lost: ${lostReason}`));
  }
  return `${lines.join('\n')}\n`;
}

function latencyTable({ operations, ratePerS }: BenchPlan, measurement: Measurement, paint: Paint) {
  const rows = operations.map(({ row }, i) => latencyRow(row.name, measurement.latencies[i]));
  if (rows.length > 1) rows.push(latencyRow('all', measurement.total()));
  if (ratePerS !== null) rows.push(latencyRow('of it waiting', measurement.waits));
  const columns = ['min', 'mean', ...PERCENTILES.map(([name]) => name), 'max'];
  return formatTable(
    [
      { title: 'latency, ms' },
      { title: 'count', isNumber: true },
      ...columns.map((title) => ({ title, isNumber: true })),
    ],
    rows,
    paint,
  );
}

function latencyRow(name: string, latency: LatencyHistogram): string[] {
  const times = [
    latency.minMs,
    latency.meanMs,
    ...PERCENTILES.map(([, share]) => latency.percentileMs(share)),
    latency.maxMs,
  ];
  return [name, String(latency.count), ...times.map(describeMs)];
}

function rateOf({ answeredCount, lastedMs }: Measurement): number {
  return lastedMs <= 0 ? 0 : (answeredCount / lastedMs) * 1000;
}
