/**
 * Geohashes as Redis keeps them in the scores of a sorted set: longitude and latitude in steps of
 * 2^-26 of their ranges, their bits interleaved, 52 in all. A double holds that exactly, and a cell
 * of fewer steps is a range of scores.
 *
 *     score   x25 y25 x24 y24 ... x0 y0      x longitude, y latitude
 *
 * The latitudes end at 85.05 degrees, where a Mercator map is square. A position on the upper edge
 * of a range has one step too many, as in Redis: its bits lie beyond the 52.
 */
export const LONGITUDE_MAX = 180;
export const LATITUDE_MAX = 85.05112878;
export const STEPS_MAX = 26;
const SCORE_BITS = 52;
const HIGH_WORD = 0x1_0000_0000;
const INT64_LIMIT = 2 ** 63;
const TEXT_LATITUDE_MAX = 90;
const TEXT_LENGTH = 11;
const ALPHABET = '0123456789bcdefghjkmnpqrstuvwxyz';

/** A cell of the grid of 2^steps by 2^steps. `steps` 0: no cell. */
export interface Cell {
  x: number;
  y: number;
  steps: number;
}

export interface Position {
  longitude: number;
  latitude: number;
}

export interface Area {
  longitudeMin: number;
  longitudeMax: number;
  latitudeMin: number;
  latitudeMax: number;
}

export function encodeCell(longitude: number, latitude: number, steps: number): Cell {
  return encodeIn(longitude, latitude, steps, LATITUDE_MAX);
}

/** The score that stands for a position. */
export function encodeScore(longitude: number, latitude: number): number {
  return scoreMin(encodeCell(longitude, latitude, STEPS_MAX));
}

/** The middle of the cell that a score stands for. Any score is taken: members come from ZADD. */
export function decodeScore(score: number, position: Position): Position {
  const area = areaOf(cellOfScore(score));
  const longitude = (area.longitudeMin + area.longitudeMax) / 2;
  const latitude = (area.latitudeMin + area.latitudeMax) / 2;
  position.longitude = Math.max(-LONGITUDE_MAX, Math.min(LONGITUDE_MAX, longitude));
  position.latitude = Math.max(-LATITUDE_MAX, Math.min(LATITUDE_MAX, latitude));
  return position;
}

export function areaOf(cell: Cell): Area {
  const scale = 2 ** cell.steps;
  return {
    longitudeMin: -LONGITUDE_MAX + (cell.x / scale) * (2 * LONGITUDE_MAX),
    longitudeMax: -LONGITUDE_MAX + (((cell.x + 1) >>> 0) / scale) * (2 * LONGITUDE_MAX),
    latitudeMin: -LATITUDE_MAX + (cell.y / scale) * (2 * LATITUDE_MAX),
    latitudeMax: -LATITUDE_MAX + (((cell.y + 1) >>> 0) / scale) * (2 * LATITUDE_MAX),
  };
}

/** The cell so many columns east and rows north; the grid has no edges. */
export function neighbourOf(cell: Cell, east: number, north: number): Cell {
  const mask = 2 ** cell.steps - 1;
  return {
    x: east === 0 ? cell.x : (cell.x + east) & mask,
    y: north === 0 ? cell.y : (cell.y + north) & mask,
    steps: cell.steps,
  };
}

/** Scores of the cell: from `scoreMin`, below `scoreEnd`. */
export function scoreMin(cell: Cell): number {
  return alignedScore(cell, 0);
}

export function scoreEnd(cell: Cell): number {
  return alignedScore(cell, 1);
}

/** The usual text of eleven characters, which divides latitudes up to 90 degrees. */
export function geohashText(position: Position): string {
  const cell = encodeIn(position.longitude, position.latitude, STEPS_MAX, TEXT_LATITUDE_MAX);
  const bits = interleave(cell);
  let text = '';
  for (let i = 1; i < TEXT_LENGTH; i++) {
    text += ALPHABET[Math.floor(bits / 2 ** (SCORE_BITS - 5 * i)) % 32];
  }
  // Of the last five bits only two are known; Redis shows none of them.
  return `${text}0`;
}

function encodeIn(longitude: number, latitude: number, steps: number, latitudeMax: number): Cell {
  const scale = 2 ** steps;
  return {
    x: Math.floor(((longitude + LONGITUDE_MAX) / (2 * LONGITUDE_MAX)) * scale),
    y: Math.floor(((latitude + latitudeMax) / (2 * latitudeMax)) * scale),
    steps,
  };
}

/** As Redis counts in u64 and rounds to a double once, at the end. */
function alignedScore(cell: Cell, more: number): number {
  const scale = 2 ** (SCORE_BITS - 2 * cell.steps);
  const limit = 2 ** cell.steps;
  if (cell.x < limit && cell.y < limit) return (interleave(cell) + more) * scale;
  const x = BigInt(spread(cell.x % limit)) * 2n + (cell.x < limit ? 0n : edgeBit(cell) * 2n);
  const y = BigInt(spread(cell.y % limit)) + (cell.y < limit ? 0n : edgeBit(cell));
  return Number((x + y + BigInt(more)) * BigInt(scale));
}

function edgeBit(cell: Cell): bigint {
  return 1n << BigInt(2 * cell.steps);
}

function interleave(cell: Cell): number {
  return spread(cell.x) * 2 + spread(cell.y);
}

/** The bits of a number below 2^26 at every second place. */
function spread(value: number): number {
  return spread16(value >>> 16) * HIGH_WORD + spread16(value & 0xffff);
}

function spread16(value: number): number {
  let bits = value;
  bits = (bits | (bits << 8)) & 0x00ff00ff;
  bits = (bits | (bits << 4)) & 0x0f0f0f0f;
  bits = (bits | (bits << 2)) & 0x33333333;
  return ((bits | (bits << 1)) & 0x55555555) >>> 0;
}

function compact16(value: number): number {
  let bits = value & 0x55555555;
  bits = (bits | (bits >>> 1)) & 0x33333333;
  bits = (bits | (bits >>> 2)) & 0x0f0f0f0f;
  bits = (bits | (bits >>> 4)) & 0x00ff00ff;
  return (bits | (bits >>> 8)) & 0xffff;
}

/** Converts to u64 as C does on x86-64, where even the undefined has its usual outcome. */
function cellOfScore(score: number): Cell {
  let low: number;
  let high: number;
  if (score >= 0 && score < INT64_LIMIT) {
    const whole = Math.floor(score);
    high = Math.floor(whole / HIGH_WORD);
    low = whole - high * HIGH_WORD;
  } else {
    const bits = wideBits(score);
    low = Number(bits & 0xffff_ffffn);
    high = Number(bits >> 32n);
  }
  return {
    x: (compact16(low >>> 1) | (compact16(high >>> 1) << 16)) >>> 0,
    y: (compact16(low) | (compact16(high) << 16)) >>> 0,
    steps: STEPS_MAX,
  };
}

function wideBits(score: number): bigint {
  if (score >= INT64_LIMIT) {
    const over = score - INT64_LIMIT;
    return over >= INT64_LIMIT ? 0n : BigInt(over) + (1n << 63n);
  }
  if (score < -INT64_LIMIT) return 1n << 63n;
  return BigInt.asUintN(64, BigInt(Math.trunc(score)));
}
