/** A search itself: members of the cells around, those within the shape, in the order asked for. */
import { partialSort } from '../../base/partial-sort.ts';
import { distanceM, exactDistanceM } from './distance.ts';
import { decodeScore, type Position, scoreEnd, scoreMin } from './geohash.ts';
import { type Shape, searchCells } from './search-area.ts';
import type { GeoSource, SearchOptions } from './search-options.ts';

export interface FoundMember {
  readonly member: Uint8Array;
  readonly score: number;
  readonly longitude: number;
  readonly latitude: number;
  /** Meters to the center, good enough to sort by. */
  readonly distanceM: number;
}

/** More than `distanceM` is ever off, as a part of the distance: much near the antipode. */
const QUICK_ERROR = 1e-7;

/** What the search finds, COUNT applied. */
export function searchMembers(source: GeoSource, options: SearchOptions): FoundMember[] {
  const found: FoundMember[] = [];
  const { shape, count } = options;
  const enough = options.isAny ? count : Infinity;
  const position: Position = { longitude: 0, latitude: 0 };
  for (const cell of searchCells(shape)) {
    if (found.length >= enough) break;
    source.visitRange(scoreMin(cell), scoreEnd(cell), (score, bytes, offset, length) => {
      decodeScore(score, position);
      const distance = distanceWithin(shape, position);
      if (Number.isNaN(distance)) return true;
      const member = bytes.slice(offset, offset + length);
      const { longitude, latitude } = position;
      found.push({ member, score, longitude, latitude, distanceM: distance });
      return found.length < enough;
    });
  }
  return ordered(found, options);
}

function ordered(found: FoundMember[], options: SearchOptions): FoundMember[] {
  const { count, order } = options;
  const length = count === 0 ? found.length : Math.min(count, found.length);
  if (order !== 0) {
    const compare = (left: FoundMember, right: FoundMember): number =>
      order * (left.distanceM - right.distanceM);
    if (length === found.length) found.sort(compare);
    else partialSort(found, compare, 0, length - 1);
  }
  return length === found.length ? found : found.slice(0, length);
}

/** Meters from the center, to be told or stored. */
export function exactDistanceTo(found: FoundMember, { center }: Shape): number {
  return exactDistanceM(center.longitude, center.latitude, found.longitude, found.latitude);
}

/** Meters from the center, NaN outside of the shape. */
export function distanceWithin(shape: Shape, position: Position): number {
  const { longitude: x1, latitude: y1 } = shape.center;
  const { longitude: x2, latitude: y2 } = position;
  if (!shape.isBox) return distanceUpTo(shape.radius * shape.unitM, x1, y1, x2, y2);
  // Along a meridian first, which costs the least.
  const height = distanceUpTo((shape.height * shape.unitM) / 2, x2, y2, x2, y1);
  if (Number.isNaN(height)) return NaN;
  const width = distanceUpTo((shape.width * shape.unitM) / 2, x2, y2, x1, y2);
  return Number.isNaN(width) ? NaN : distanceM(x1, y1, x2, y2);
}

/** Meters between two positions, NaN beyond the limit. Exact where that could decide. */
function distanceUpTo(limitM: number, x1: number, y1: number, x2: number, y2: number): number {
  const quick = distanceM(x1, y1, x2, y2);
  const isNearLimit = Math.abs(quick - limitM) <= limitM * QUICK_ERROR;
  const distance = isNearLimit ? exactDistanceM(x1, y1, x2, y2) : quick;
  return distance > limitM ? NaN : distance;
}
