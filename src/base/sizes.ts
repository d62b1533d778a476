/** Sizes and durations as people write them in settings. No unit means bytes, or the caller's. */

const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1000,
  kb: 1024,
  kib: 1024,
  m: 1000 ** 2,
  mb: 1024 ** 2,
  mib: 1024 ** 2,
  g: 1000 ** 3,
  gb: 1024 ** 3,
  gib: 1024 ** 3,
  t: 1000 ** 4,
  tb: 1024 ** 4,
  tib: 1024 ** 4,
};

/**
 * `100`, `1mb`, `1.5GB`, `512MiB`, any case. As in redis.conf `1k` is 1000 and `1kb` is 1024.
 * @returns bytes, a whole number up to 2^53 - 1; null when the text is no size
 */
export function parseSize(text: string): number | null {
  const match = /^(\d{1,20}(?:\.\d{1,20})?) ?([a-z]{0,3})$/i.exec(text.trim());
  if (match === null) return null;
  const unitBytes = findUnit(SIZE_UNITS, match[2]!);
  if (unitBytes === null) return null;
  if (unitBytes === 1 && match[1]!.includes('.')) return null;
  const bytes = Math.floor(Number(match[1]) * unitBytes);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** The largest binary unit that divides evenly: `64mb`, `1gb`, `1000`. parseSize reads it back. */
export function formatSize(bytes: number): string {
  if (bytes >= 1024 ** 3 && bytes % 1024 ** 3 === 0) return `${bytes / 1024 ** 3}gb`;
  if (bytes >= 1024 ** 2 && bytes % 1024 ** 2 === 0) return `${bytes / 1024 ** 2}mb`;
  if (bytes >= 1024 && bytes % 1024 === 0) return `${bytes / 1024}kb`;
  return String(bytes);
}

const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  us: 0.001,
  µs: 0.001,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** The largest duration a setting may name: a hundred years. */
export const DURATION_MS_MAX = 36_525 * 86_400_000;

/**
 * `0`, `500ms`, `30s`, `1.5h`, `1h30m`, `2d`: parts add up.
 * @param bareUnitMs  what a number without unit means; 0 refuses such numbers except 0 itself
 * @returns           milliseconds, possibly with a fraction; null when the text is no duration
 */
export function parseDuration(text: string, bareUnitMs = 0): number | null {
  const trimmed = text.trim();
  if (/^\d{1,16}$/.test(trimmed)) {
    const count = Number(trimmed);
    if (count !== 0 && bareUnitMs === 0) return null;
    return withinDurationLimit(count * bareUnitMs);
  }
  if (!/^(\d{1,16}(\.\d{1,9})?[a-z\u00b5]{1,2})+$/i.test(trimmed)) return null;
  let totalMs = 0;
  for (const part of trimmed.matchAll(/(\d+(?:\.\d+)?)([a-z\u00b5]{1,2})/gi)) {
    const unitMs = findUnit(DURATION_UNITS_MS, part[2]!);
    if (unitMs === null) return null;
    totalMs += Number(part[1]) * unitMs;
  }
  return withinDurationLimit(totalMs);
}

/** `1d`, `90m`, `30s`, `1500ms`: one unit, the largest that divides evenly. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return '0';
  for (const unit of ['d', 'h', 'm', 's']) {
    const unitMs = DURATION_UNITS_MS[unit]!;
    if (durationMs % unitMs === 0) return `${durationMs / unitMs}${unit}`;
  }
  return Number.isInteger(durationMs) ? `${durationMs}ms` : `${Math.round(durationMs * 1000)}us`;
}

function withinDurationLimit(durationMs: number): number | null {
  return durationMs <= DURATION_MS_MAX ? durationMs : null;
}

function findUnit(units: Readonly<Record<string, number>>, unit: string): number | null {
  const name = unit.toLowerCase();
  return Object.hasOwn(units, name) ? units[name]! : null;
}
