/**
 * Which cells of the grid a search has to look at: the one of its center and those of the eight
 * around that the shape reaches, on a grid just coarse enough for nine cells to cover it.
 * The choices are Redis', for they decide the order of results that nobody asked to be sorted.
 */
import { EARTH_RADIUS_M, toDegrees, toRadians } from './distance.ts';
import {
  type Area,
  areaOf,
  type Cell,
  encodeCell,
  neighbourOf,
  type Position,
  STEPS_MAX,
} from './geohash.ts';

/** Half the earth's way around on a Mercator map. */
const MERCATOR_MAX_M = 20_037_726.37;
/** Beyond these latitudes cells become narrow. */
const POLAR_LATITUDE = 66;
const FAR_POLAR_LATITUDE = 80;

export interface Shape {
  readonly center: Position;
  isBox: boolean;
  /** In the unit of the search, as are width and height. */
  radius: number;
  width: number;
  height: number;
  /** Meters of the unit. */
  unitM: number;
}

/** East and north of each neighbour, in the order in which they are searched. */
const NEIGHBOURS: readonly (readonly [number, number])[] = [
  [0, 0],
  [0, 1],
  [0, -1],
  [1, 0],
  [-1, 0],
  [1, 1],
  [-1, 1],
  [1, -1],
  [-1, -1],
];

/** The cells to search, in order. A cell may be there twice, not one after the other. */
export function searchCells(shape: Shape): Cell[] {
  const { longitude, latitude } = shape.center;
  const bounds = boundsOf(shape);
  let steps = stepsFor(reachOf(shape), latitude);
  let cell = encodeCell(longitude, latitude, steps);
  if (steps > 1 && isTooFine(cell, bounds)) {
    steps--;
    cell = encodeCell(longitude, latitude, steps);
  }
  const area = areaOf(cell);
  const cells: Cell[] = [];
  for (const [east, north] of NEIGHBOURS) {
    if (steps >= 2 && isUseless(area, bounds, east, north)) continue;
    const neighbour = neighbourOf(cell, east, north);
    const previous = cells[cells.length - 1];
    // As Redis, which compares with the one before, but never with the center.
    const isRepeated = cells.length > 1 && previous.x === neighbour.x && previous.y === neighbour.y;
    if (!isRepeated) cells.push(neighbour);
  }
  return cells;
}

/** Degrees that the shape spans at most, its corners bent by the meridians. */
export function boundsOf(shape: Shape): Area {
  const { longitude, latitude } = shape.center;
  const height = shape.unitM * (shape.isBox ? shape.height / 2 : shape.radius);
  const width = shape.unitM * (shape.isBox ? shape.width / 2 : shape.radius);
  const latitudeDelta = toDegrees(height / EARTH_RADIUS_M);
  const edge = latitude < 0 ? latitude - latitudeDelta : latitude + latitudeDelta;
  const longitudeDelta = toDegrees(width / EARTH_RADIUS_M / Math.cos(toRadians(edge)));
  return {
    longitudeMin: longitude - longitudeDelta,
    longitudeMax: longitude + longitudeDelta,
    latitudeMin: latitude - latitudeDelta,
    latitudeMax: latitude + latitudeDelta,
  };
}

/** Meters from the center to the farthest point. */
function reachOf(shape: Shape): number {
  if (!shape.isBox) return shape.radius * shape.unitM;
  const halfWidth = shape.width / 2;
  const halfHeight = shape.height / 2;
  return Math.sqrt(halfWidth * halfWidth + halfHeight * halfHeight) * shape.unitM;
}

export function stepsFor(reachM: number, latitude: number): number {
  if (reachM === 0) return STEPS_MAX;
  let steps = -1;
  for (let reach = reachM; reach < MERCATOR_MAX_M; reach *= 2) steps++;
  const magnitude = Math.abs(latitude);
  if (magnitude > POLAR_LATITUDE) steps--;
  if (magnitude > FAR_POLAR_LATITUDE) steps--;
  return Math.max(1, Math.min(STEPS_MAX, steps));
}

/** Whether the shape may reach beyond the nine cells; those beyond the date line seem too near. */
function isTooFine(cell: Cell, bounds: Area): boolean {
  return (
    areaOf(neighbourOf(cell, 0, 1)).latitudeMax < bounds.latitudeMax ||
    areaOf(neighbourOf(cell, 0, -1)).latitudeMin > bounds.latitudeMin ||
    areaOf(neighbourOf(cell, 1, 0)).longitudeMax < bounds.longitudeMax ||
    areaOf(neighbourOf(cell, -1, 0)).longitudeMin > bounds.longitudeMin
  );
}

/** Whether the center's cell reaches beyond the shape on a side of that neighbour. */
function isUseless(area: Area, bounds: Area, east: number, north: number): boolean {
  return (
    (north < 0 && area.latitudeMin < bounds.latitudeMin) ||
    (north > 0 && area.latitudeMax > bounds.latitudeMax) ||
    (east < 0 && area.longitudeMin < bounds.longitudeMin) ||
    (east > 0 && area.longitudeMax > bounds.longitudeMax)
  );
}
