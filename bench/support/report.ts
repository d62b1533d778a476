import os from 'node:os';

/** Columns as wide as their widest cell; numbers to the right. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd();
  print(line(head));
  print(widths.map((width) => '-'.repeat(width)).join('  '));
  for (const row of rows) print(line(row));
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The last line of every bench: its figures for programs. */
export function printJson(bench: string, figures: unknown): void {
  print(JSON.stringify({ bench, figures }));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** A verdict is a fact in a full run; in a tiny one the figures mean nothing. */
export function verdict(isMet: boolean, isTiny: boolean): string {
  if (isTiny) return 'tiny';
  return isMet ? 'met' : 'MISSED';
}

export function printMachine(): void {
  const cpu = os.cpus()[0]?.model ?? 'unknown processor';
  print(
    `${os.cpus().length} x ${cpu}, Node ${process.version}, load ${os.loadavg()[0].toFixed(2)}`,
  );
}
