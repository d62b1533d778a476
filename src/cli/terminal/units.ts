/** Figures as people read them. */

const BYTE_UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `17 bytes`, `1.5 KiB`, `20 GiB`. */
export function describeBytes(byteCount: number): string {
  let unit = 0;
  let value = byteCount;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const isShort = unit > 0 && value < 10;
  return `${isShort ? value.toFixed(1) : Math.round(value)} ${BYTE_UNITS[unit]}`;
}

/** Three digits that count: `0.042`, `1.23`, `45.6`, `789`, `1234`. */
export function describeMs(ms: number): string {
  if (ms === 0 || ms >= 100) return String(Math.round(ms));
  return ms >= 10 ? ms.toFixed(1) : ms >= 1 ? ms.toFixed(2) : ms.toFixed(3);
}

/** Of a share, 0..1: `12.3 %`. */
export function describeShare(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** `1 key`, `2 keys`. */
export function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
