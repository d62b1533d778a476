/**
 * The text that Prometheus scrapes: every row of the metric table through prom-client's registry.
 * Metrics of prom-client itself are not used: each keeps its labels in a Map and costs 130 to
 * 230 ns a count, a slot of the table 1. The registry only asks for the values and writes them.
 */
import type { Registry } from 'prom-client';
import type { GcWatch } from '../../base/world.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import {
  type CountedMetric,
  METRIC,
  METRIC_ROWS,
  type MetricName,
  type MetricRow,
} from '../../observability/metrics/metric-table.ts';
import { operationAliases } from './operation-values.ts';
import { type MetricSource, type MetricValue, SAMPLED_VALUES } from './sampled-values.ts';

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** A node on which every command was called has 13,000 lines: others do not wait for them. */
const SLICE_MS = 2;

/** What the registry asks of a metric. */
interface Metric {
  readonly name: string;
  get(): {
    readonly name: string;
    readonly help: string;
    readonly type: MetricRow['type'];
    readonly values: RegistryValue[];
  };
}

interface RegistryValue {
  readonly value: number;
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Written once for all lines that share the object. */
  readonly sharedLabels: Readonly<Record<string, string>>;
}

/** Of one node. Loads prom-client, and watches garbage collection, from the first scrape on. */
export class MetricsExposition {
  private readonly node: NodeServices;
  private registry: Promise<Registry> | null = null;
  private gc: GcWatch | null = null;
  private readonly aliasNames = new Set<string>();
  private readonly filters: MetricSource['filters'] = new Map();

  constructor(node: NodeServices) {
    this.node = node;
  }

  async text(): Promise<string> {
    this.registry ??= this.createRegistry();
    const registry = await this.registry;
    this.addAliases(registry);
    this.filters.clear();
    const { clock, timers } = this.node.world;
    const parts: string[] = [];
    let startMs = clock.monotonicMs();
    for (const { name } of registry.getMetricsAsArray()) {
      parts.push(await registry.getSingleMetricAsString(name));
      if (clock.monotonicMs() - startMs < SLICE_MS) continue;
      await new Promise<void>((resolve) => timers.after(0, resolve));
      startMs = clock.monotonicMs();
    }
    return `${parts.join('\n\n')}\n`;
  }

  close(): void {
    this.gc?.cancel();
  }

  private async createRegistry(): Promise<Registry> {
    const { node, filters } = this;
    // The whole of prom-client takes 48 ms to load, its registry 10.
    const { default: RegistryClass } = await import('prom-client/lib/registry.js');
    const gc = node.world.host.watchGc();
    this.gc = gc;
    const registry = new RegistryClass();
    for (const name of Object.keys(METRIC_ROWS) as MetricName[]) {
      const row: MetricRow = METRIC_ROWS[name];
      const read = row.source === 'counted' ? countedReader(name as CountedMetric, node) : null;
      const sampled = SAMPLED_VALUES[name as keyof typeof SAMPLED_VALUES];
      register(registry, node, row, read ?? (() => sampled({ node, gc, filters })));
    }
    return registry;
  }

  /** A command has its own names once it was called. */
  private addAliases(registry: Registry): void {
    for (const alias of operationAliases(this.node)) {
      if (this.aliasNames.has(alias.name)) continue;
      this.aliasNames.add(alias.name);
      register(registry, this.node, alias, alias.values);
    }
  }
}

function countedReader(name: CountedMetric, { counters }: NodeServices): () => MetricValue[] {
  const slot = METRIC[name];
  const { scale } = METRIC_ROWS[name];
  return () => [{ value: counters[slot] * scale, labels: {} }];
}

function register(
  registry: Registry,
  { configuration }: NodeServices,
  { name, help, type }: Pick<MetricRow, 'name' | 'help' | 'type'>,
  read: () => MetricValue[],
): void {
  const metric: Metric = {
    name,
    get: () => ({ name, help, type, values: withNode(read(), configuration.node.id) }),
  };
  registry.registerMetric(metric as unknown as Parameters<Registry['registerMetric']>[0]);
}

function withNode(values: readonly MetricValue[], node: string): RegistryValue[] {
  let labels: MetricValue['labels'] | null = null;
  let sharedLabels: MetricValue['labels'] = NO_LABELS;
  return values.map((one) => {
    if (one.labels !== labels) {
      labels = one.labels;
      sharedLabels = { node, ...labels };
    }
    const own = one.le === undefined ? NO_LABELS : { le: one.le };
    return { ...one, labels: own, sharedLabels };
  });
}

const NO_LABELS = {};
