/** The few kinds of panels that all dashboards are made of, in one style. */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

export type Panel = Builder<dashboard.Panel>;

export const PROMETHEUS = { type: 'prometheus', uid: '$metrics' };

/** Grafana's names of units. */
export type Unit =
  | 'Bps'
  | 'bytes'
  | 'cps'
  | 'dateTimeFromNow'
  | 'none'
  | 'ops'
  | 'percentunit'
  | 's'
  | 'short';

export interface Query {
  readonly expr: string;
  /** `{{node}}` stands for the label. */
  readonly legend: string;
}

interface PanelText {
  readonly title: string;
  /** What a reader may not know; shown behind an `i`. */
  readonly description?: string;
  readonly unit: Unit;
  /** Of the 24 columns. */
  readonly width?: number;
}

/** Lines over time. */
export function graph(text: PanelText & { queries: readonly Query[]; isStacked?: boolean }): Panel {
  const legend = new common.VizLegendOptionsBuilder()
    .displayMode(common.LegendDisplayMode.Table)
    .placement(common.LegendPlacement.Bottom)
    .showLegend(true)
    .calcs(['lastNotNull', 'max']);
  const tooltip = new common.VizTooltipOptionsBuilder()
    .mode(common.TooltipDisplayMode.Multi)
    .sort(common.SortOrder.Descending);
  const panel = new timeseries.PanelBuilder()
    .lineWidth(1)
    .fillOpacity(text.isStacked === true ? 30 : 8)
    .showPoints(common.VisibilityMode.Never)
    .axisSoftMin(0)
    .legend(legend)
    .tooltip(tooltip);
  if (text.isStacked === true) {
    panel.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal));
  }
  for (const query of text.queries) panel.withTarget(target(query).range());
  return place(panel, text, { width: 8, height: 8 });
}

/** One figure, and the line of how it came to be. @param steps  colours from a value on */
export function figure(
  text: PanelText & {
    expr: string;
    steps?: readonly (readonly [number, string])[];
    texts?: Readonly<Record<string, string>>;
  },
): Panel {
  const { steps = [], texts } = text;
  const panel = new stat.PanelBuilder()
    .graphMode(common.BigValueGraphMode.Area)
    .colorMode(common.BigValueColorMode.Value)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .thresholds(
      new dashboard.ThresholdsConfigBuilder()
        .mode(dashboard.ThresholdsMode.Absolute)
        .steps([
          { value: null, color: 'text' },
          ...steps.map(([value, color]) => ({ value, color })),
        ]),
    )
    .withTarget(target({ expr: text.expr, legend: text.title }).range());
  if (texts !== undefined) {
    const options = Object.entries(texts).map(([value, shown]) => [value, { text: shown }]);
    const mapping = { type: dashboard.MappingType.ValueToText, options };
    panel.mappings([{ ...mapping, options: Object.fromEntries(options) } as dashboard.ValueMap]);
  }
  return place(panel, text, { width: 4, height: 4 });
}

/** A row a node, as it is now: labels and the value of each query are columns. */
export function facts(
  text: PanelText & {
    queries: readonly (Query & { column: string; unit: Unit })[];
    hidden: readonly string[];
  },
): Panel {
  const panel = new table.PanelBuilder().showHeader(true);
  const renamed: Record<string, string> = {};
  text.queries.forEach(({ column, unit, ...query }, i) => {
    const refId = String.fromCharCode(65 + i);
    renamed[`Value #${refId}`] = column;
    panel.withTarget(target(query).refId(refId).instant().format(prometheus.PromQueryFormat.Table));
    panel.overrideByName(column, [{ id: 'unit', value: unit }]);
  });
  const excludeByName = Object.fromEntries(['Time', ...text.hidden].map((name) => [name, true]));
  panel.withTransformation({ id: 'merge', options: {} });
  panel.withTransformation({ id: 'organize', options: { excludeByName, renameByName: renamed } });
  return place(panel, text, { width: 24, height: 7 });
}

function target({ expr, legend }: Query): prometheus.DataqueryBuilder {
  return new prometheus.DataqueryBuilder().datasource(PROMETHEUS).expr(expr).legendFormat(legend);
}

interface Placed extends Panel {
  title(title: string): this;
  description(text: string): this;
  unit(unit: string): this;
  datasource(datasource: common.DataSourceRef): this;
  span(width: number): this;
  height(height: number): this;
}

function place<P extends Placed>(
  panel: P,
  { description, title, unit, width }: PanelText,
  usual: { width: number; height: number },
): P {
  if (description !== undefined) panel.description(description);
  return panel
    .title(title)
    .unit(unit)
    .datasource(PROMETHEUS)
    .span(width ?? usual.width)
    .height(usual.height);
}
