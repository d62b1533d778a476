/**
 * Distances on a sphere of the earth's mean radius, in meters, by the haversine formula; and the
 * texts of distances and positions.
 *
 * A search looks at many members and wants to know who is near: `distanceM`, which may be off in
 * its last bits. A distance that is told or stored is `exactDistanceM`: its sines are correctly
 * rounded, each step is Redis' own. The C library under Redis rounds one sine in 700 the other way,
 * and so 2 distances in a thousand still differ from Redis' in their last bits, and no others;
 * with `Math` 69 do.
 */
import { exactAsin, exactCos, exactSin } from '../../base/exact-trigonometry.ts';
import type { Frame } from '../../base/frame.ts';
import type { Position } from './geohash.ts';

const RADIAN = Math.PI / 180;
export const EARTH_RADIUS_M = 6_372_797.560856;

export function toRadians(degrees: number): number {
  return degrees * RADIAN;
}

export function toDegrees(radians: number): number {
  return radians / RADIAN;
}

export function distanceM(
  longitude1: number,
  latitude1: number,
  longitude2: number,
  latitude2: number,
): number {
  const radians1 = toRadians(latitude1);
  const radians2 = toRadians(latitude2);
  const u = Math.sin((radians2 - radians1) / 2);
  const v = Math.sin((toRadians(longitude2) - toRadians(longitude1)) / 2);
  const square = u * u + Math.cos(radians1) * Math.cos(radians2) * v * v;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(square));
}

/** 220 ns; `distanceM` 75. */
export function exactDistanceM(
  longitude1: number,
  latitude1: number,
  longitude2: number,
  latitude2: number,
): number {
  const radians1 = toRadians(latitude1);
  const radians2 = toRadians(latitude2);
  const v = exactSin((toRadians(longitude2) - toRadians(longitude1)) / 2);
  // On one meridian there is nothing to compute, and Redis rounds but twice.
  if (v === 0) return EARTH_RADIUS_M * Math.abs(radians2 - radians1);
  const u = exactSin((radians2 - radians1) / 2);
  const square = u * u + exactCos(radians1) * exactCos(radians2) * v * v;
  return 2 * EARTH_RADIUS_M * exactAsin(Math.sqrt(square));
}

export function distanceBetween(from: Position, to: Position): number {
  return exactDistanceM(from.longitude, from.latitude, to.longitude, to.latitude);
}

/** Meters of a unit, or NaN. */
export function unitArgument(frame: Frame, arg: number): number {
  if (frame.equals(arg, 'M')) return 1;
  if (frame.equals(arg, 'KM')) return 1000;
  if (frame.equals(arg, 'FT')) return 0.3048;
  return frame.equals(arg, 'MI') ? 1609.34 : NaN;
}

/** `%.4f`: JavaScript rounds a tie up, C to even. */
export function distanceText(distance: number): string {
  const isTie = Number.isInteger(distance * 32) && !Number.isInteger(distance * 16);
  if (!isTie) return distance.toFixed(4);
  const floor = Math.floor(distance * 10_000);
  return ((floor % 2 === 0 ? floor : floor + 1) / 10_000).toFixed(4);
}

/** `%.17Lf` without the zeros at its end. */
export function coordinateText(degrees: number): string {
  return degrees.toFixed(17).replace(/\.?0+$/, '');
}
