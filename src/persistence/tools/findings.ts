/** What is told of one file of a data directory. */
export interface FileReport {
  readonly path: string;
  /** Such as `snapshot` or `log`. */
  readonly kind: string;
  readonly byteCount: number;
  /** Such as `2000 keys`; '' where there is nothing to count. */
  readonly contents: string;
  /** Empty: the file is good. */
  readonly findings: readonly Finding[];
}

/**
 * `torn`: the end of the file was not written to its end; a start cuts it off.
 * `damage`: a start refuses the file.
 * `note`: worth knowing, and no harm.
 */
export interface Finding {
  readonly severity: 'torn' | 'damage' | 'note';
  /** Where in the file; -1: the file as such. */
  readonly offset: number;
  readonly reason: string;
}

export function describeReport({ byteCount, contents, findings, kind, path }: FileReport): string {
  const counted = contents === '' ? '' : `, ${contents}`;
  const isGood = findings.every(({ severity }) => severity === 'note');
  const lines = [`${path}: ${isGood ? 'good' : 'BAD'}, ${kind}, ${byteCount} bytes${counted}`];
  for (const { offset, reason, severity } of findings) {
    const place = offset < 0 ? '' : ` at offset ${offset}`;
    lines.push(`${path}: ${severity}${place}: ${reason}`);
  }
  return `${lines.join('\n')}\n`;
}

export function isBad({ findings }: FileReport): boolean {
  return findings.some(({ severity }) => severity !== 'note');
}
