import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { history, type Moment } from '../events.ts';
import { clock } from '../format.ts';
import { colour, themeTurn } from '../theme.ts';

interface Line {
  readonly label: string;
  readonly colour: string;
  readonly of: (moment: Moment) => number;
}

const HEIGHT = 160;
const AXIS_WIDTH = 68;
const TIME_HEIGHT = 28;
const FONT = '12px system-ui, sans-serif';

/** The history of some figures, drawn anew each second. */
export function Chart({
  title,
  lines,
  format,
}: {
  title: string;
  lines: readonly Line[];
  format: (value: number) => string;
}) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const moments = history.value;
  useEffect(() => {
    const element = place.current!;
    const drawn = new uPlot(
      optionsOf(element, lines, format),
      dataOf(history.peek(), lines),
      element,
    );
    const watcher = new ResizeObserver(() => {
      drawn.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    watcher.observe(element);
    plot.current = drawn;
    return () => {
      watcher.disconnect();
      drawn.destroy();
    };
    // Colours are read when it is made: another theme makes another.
  }, [themeTurn.value]);
  useEffect(() => plot.current?.setData(dataOf(moments, lines)), [moments]);
  const last = moments.at(-1);
  return (
    <figure class="chart">
      <figcaption>
        <span>{title}</span>
        <span class="legend">
          {lines.map((line) => (
            <span key={line.label} class={`of-${line.colour}`}>
              {line.label} <b>{last === undefined ? '–' : format(line.of(last))}</b>
            </span>
          ))}
        </span>
      </figcaption>
      <div ref={place} aria-hidden="true" />
    </figure>
  );
}

function dataOf(moments: readonly Moment[], lines: readonly Line[]): uPlot.AlignedData {
  return [moments.map(({ atS }) => atS), ...lines.map((line) => moments.map(line.of))];
}

function optionsOf(
  place: HTMLElement,
  lines: readonly Line[],
  format: (value: number) => string,
): uPlot.Options {
  const axis = {
    stroke: colour('soft-text'),
    font: FONT,
    grid: { stroke: colour('line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: Math.max(place.clientWidth, 200),
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.15 : 1] } },
    axes: [
      { ...axis, size: TIME_HEIGHT, space: 90, values: (_plot, splits) => splits.map(clock) },
      { ...axis, size: AXIS_WIDTH, space: 36, values: (_plot, splits) => splits.map(format) },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: colour(line.colour),
        width: 1.75,
        points: { show: false },
      })),
    ],
  };
}
