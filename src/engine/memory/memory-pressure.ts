/** How full something is that has a limit; from `critical` on somebody should look. */
export const PRESSURE_LEVELS = ['ok', 'warning', 'critical', 'panic'] as const;

export type PressureLevel = (typeof PRESSURE_LEVELS)[number];

/** Shares of the limit at which a level begins; read anew each time, for they may change. */
export interface PressureShares {
  readonly pressureWarning: number;
  readonly pressureCritical: number;
  readonly pressurePanic: number;
}

/** A level is left only when the use is that much of the limit below where the level begins. */
const HYSTERESIS = 0.02;

/** The pressure of one store, or of the whole node. */
export class MemoryPressure {
  /** Used of the limit, 0..1 and a little beyond; 0 where there is no limit. */
  ratio = 0;
  level: PressureLevel = 'ok';

  /** @returns whether the level is another one now */
  observe(usedBytes: number, limitBytes: number, shares: PressureShares): boolean {
    this.ratio = ratioOf(usedBytes, limitBytes);
    const before = this.level;
    const rising = levelAt(this.ratio, shares);
    if (rank(rising) >= rank(before)) this.level = rising;
    else this.level = lower(before, levelAt(this.ratio + HYSTERESIS, shares));
    return this.level !== before;
  }
}

function levelAt(ratio: number, shares: PressureShares): PressureLevel {
  if (ratio === 0) return 'ok';
  if (ratio >= shares.pressurePanic) return 'panic';
  if (ratio >= shares.pressureCritical) return 'critical';
  return ratio >= shares.pressureWarning ? 'warning' : 'ok';
}

function ratioOf(usedBytes: number, limitBytes: number): number {
  if (limitBytes === Number.POSITIVE_INFINITY) return 0;
  return limitBytes === 0 ? 1 : usedBytes / limitBytes;
}

/** 0 for ok to 3 for panic: the metric. */
export function rank(level: PressureLevel): number {
  return PRESSURE_LEVELS.indexOf(level);
}

function lower(a: PressureLevel, b: PressureLevel): PressureLevel {
  return rank(a) < rank(b) ? a : b;
}
