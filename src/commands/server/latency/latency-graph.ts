import type { LatencyEvent } from './latency-monitor.ts';

/** As Redis draws it: at most this many samples, the newest. */
const COLUMNS = 80;
const ROWS = 4;
const LEVELS = '_o#';

/** A head line, a rule, then a column for each sample: its height, below it its age, downwards. */
export function drawGraph({ name, samples, maxMs }: LatencyEvent, nowS: number): string {
  const shown = samples.slice(-COLUMNS);
  const values = shown.map((sample) => sample.latencyMs);
  const highMs = Math.max(...values);
  const lowMs = Math.min(...values);
  const steps = values.map((value) => stepOf(value, lowMs, highMs));
  const ages = shown.map((sample) => ageText(nowS - sample.timeS));
  const lines = [
    `${name} - high ${highMs} ms, low ${lowMs} ms (all time high ${maxMs} ms)`,
    '-'.repeat(COLUMNS),
  ];
  for (let row = ROWS - 1; row >= 0; row--) {
    lines.push(steps.map((step) => cell(step - row * LEVELS.length)).join(''));
  }
  lines.push(' '.repeat(shown.length));
  const labelRows = Math.max(...ages.map((age) => age.length));
  for (let row = 0; row < labelRows; row++) {
    lines.push(ages.map((age) => age[row] ?? ' ').join(''));
  }
  return `${lines.join('\n')}\n`;
}

function stepOf(value: number, low: number, high: number): number {
  const steps = LEVELS.length * ROWS;
  const range = high === low ? 1 : high - low;
  return Math.min(steps - 1, Math.floor(((value - low) * steps) / range));
}

function cell(level: number): string {
  if (level < 0) return ' ';
  return level < LEVELS.length ? LEVELS[level] : '|';
}

function ageText(ageS: number): string {
  if (ageS < 60) return `${ageS}s`;
  if (ageS < 3600) return `${Math.floor(ageS / 60)}m`;
  if (ageS < 86_400) return `${Math.floor(ageS / 3600)}h`;
  return `${Math.floor(ageS / 86_400)}d`;
}
