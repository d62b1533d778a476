/** Panels over the log lines in Elasticsearch, by the fields that deploy/logs gives them. */
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as elasticsearch from '@grafana/grafana-foundation-sdk/elasticsearch';
import * as logs from '@grafana/grafana-foundation-sdk/logs';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import type { Panel } from './panels.ts';

export const ELASTICSEARCH = { type: 'elasticsearch', uid: '$logs' };
export const TIME_FIELD = '@timestamp';

/** The lines themselves, newest first. @param query  Lucene */
export function lines(text: { title: string; description?: string; query: string }): Panel {
  const panel = new logs.PanelBuilder()
    .showTime(true)
    .showLabels(false)
    .wrapLogMessage(true)
    .enableLogDetails(true)
    .sortOrder(common.LogsSortOrder.Descending)
    .withTarget(
      queryOf(text.query).metrics([
        new elasticsearch.LogsBuilder().id('1').settings({ limit: '500' }),
      ]),
    );
  if (text.description !== undefined) panel.description(text.description);
  return panel.title(text.title).datasource(ELASTICSEARCH).span(24).height(9);
}

/** How many lines over time, by the values of a field. */
export function lineCounts(text: { title: string; query: string; by: string }): Panel {
  const target = queryOf(text.query)
    .metrics([new elasticsearch.CountBuilder().id('1')])
    .bucketAggs([termsOf(text.by, '_count'), timeBuckets()]);
  return barsOf(text.title, target, 'short');
}

/** 95 of 100 are at most that long, by the values of a field. @param field  nanoseconds */
export function durations(text: {
  title: string;
  query: string;
  field: string;
  by: string;
}): Panel {
  const target = queryOf(text.query)
    .metrics([
      new elasticsearch.PercentilesBuilder()
        .id('1')
        .field(text.field)
        .settings({ percents: ['95'] }),
    ])
    .bucketAggs([termsOf(text.by, '_count'), timeBuckets()]);
  return barsOf(text.title, target, 'ns');
}

function queryOf(query: string): elasticsearch.DataqueryBuilder {
  return new elasticsearch.DataqueryBuilder()
    .datasource(ELASTICSEARCH)
    .timeField(TIME_FIELD)
    .query(query);
}

function termsOf(field: string, orderBy: string): elasticsearch.TermsBuilder {
  const settings = {
    order: elasticsearch.TermsOrder.Desc,
    size: '10',
    min_doc_count: '1',
    orderBy,
  };
  return new elasticsearch.TermsBuilder().id('2').field(field).settings(settings);
}

function timeBuckets(): elasticsearch.DateHistogramBuilder {
  return new elasticsearch.DateHistogramBuilder()
    .id('3')
    .field(TIME_FIELD)
    .settings({ interval: 'auto', min_doc_count: '0' });
}

function barsOf(title: string, target: elasticsearch.DataqueryBuilder, unit: string): Panel {
  return new timeseries.PanelBuilder()
    .drawStyle(common.GraphDrawStyle.Bars)
    .fillOpacity(60)
    .stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal))
    .legend(
      new common.VizLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .showLegend(true),
    )
    .withTarget(target)
    .title(title)
    .unit(unit)
    .datasource(ELASTICSEARCH)
    .span(12)
    .height(8);
}
