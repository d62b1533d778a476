import type { Meaning, Paint } from './paint.ts';

export interface Column {
  readonly title: string;
  /** Numbers stand under each other by their last digit. */
  readonly isNumber?: boolean;
}

export type Cell = string | { readonly text: string; readonly meaning: Meaning };

const GAP = '  ';

/** Columns as wide as their longest cell; lines end where their text ends. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  paint: Paint,
): string {
  const widths = columns.map(({ title }, i) =>
    Math.max(title.length, ...rows.map((row) => textOf(row[i]!).length)),
  );
  const lineOf = (cells: readonly Cell[]): string => {
    const parts = cells.map((cell, i) => {
      const text = textOf(cell);
      const blanks = ' '.repeat(widths[i]! - text.length);
      const shown = typeof cell === 'string' ? text : paint(cell.meaning, text);
      return columns[i]!.isNumber === true ? blanks + shown : shown + blanks;
    });
    return `${parts.join(GAP).trimEnd()}\n`;
  };
  const head = columns.map(({ title }): Cell => ({ text: title, meaning: 'head' }));
  return [head, ...rows].map(lineOf).join('');
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}
