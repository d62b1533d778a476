/** A search itself: members of the cells around, those within the shape, in the order asked for. */
import { partialSort } from '../../base/partial-sort.ts';
import { distanceM } from './distance.ts';
import { decodeScore, type Position, scoreEnd, scoreMin } from './geohash.ts';
import { type Shape, searchCells } from './search-area.ts';
import type { GeoSource, SearchOptions } from './search-options.ts';

export interface FoundMember {
  readonly member: Uint8Array;
  readonly score: number;
  readonly longitude: number;
  readonly latitude: number;
  /** Meters to the center. */
  readonly distanceM: number;
}

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

/** Meters from the center, NaN outside of the shape. */
export function distanceWithin(shape: Shape, position: Position): number {
  const { longitude: x1, latitude: y1 } = shape.center;
  const { longitude: x2, latitude: y2 } = position;
  if (!shape.isBox) {
    const distance = distanceM(x1, y1, x2, y2);
    return distance > shape.radius * shape.unitM ? NaN : distance;
  }
  if (distanceM(x2, y2, x1, y2) > (shape.width * shape.unitM) / 2) return NaN;
  if (distanceM(x2, y2, x2, y1) > (shape.height * shape.unitM) / 2) return NaN;
  return distanceM(x1, y1, x2, y2);
}
