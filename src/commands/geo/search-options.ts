/**
 * The arguments of GEOSEARCH, GEOSEARCHSTORE and the older GEORADIUS forms, checked in Redis'
 * order: what stands first is refused first, and members are looked up while they are read.
 */
import type { Frame } from '../../base/frame.ts';
import { parseDouble } from '../../base/numbers.ts';
import { ERRORS, type ErrorRow } from '../../protocol/error-table.ts';
import { integer64Argument } from '../integer-argument.ts';
import { unitArgument } from './distance.ts';
import { decodeScore, LATITUDE_MAX, LONGITUDE_MAX } from './geohash.ts';
import type { Shape } from './search-area.ts';

export type SearchForm = 'radius' | 'radiusByMember' | 'search' | 'searchStore';

/** What a search needs of the sorted set it looks at. */
export interface GeoSource {
  /** Score of the member in that argument; NaN when there is none. */
  scoreOfArgument(frame: Frame, arg: number): number;
  /**
   * Members with min <= score < max, in order.
   * @param visit  false: enough. The bytes are valid within the call only
   */
  visitRange(min: number, max: number, visit: VisitMember): void;
}

export type VisitMember = (
  score: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
) => boolean;

export interface SearchOptions {
  readonly shape: Shape;
  /** 1 nearest first, -1 farthest first, 0 as found. */
  order: 0 | 1 | -1;
  /** 0: all. */
  count: number;
  /** COUNT ANY: the first that are found will do. */
  isAny: boolean;
  withDistance: boolean;
  withHash: boolean;
  withPosition: boolean;
  /** Argument of the key that takes the result; 0 for none. */
  storeArg: number;
  storesDistances: boolean;
}

/** A refusal is a row, or text that repeats arguments, one char per byte. */
export type Refusal = ErrorRow | string;

interface Reading {
  readonly frame: Frame;
  readonly form: SearchForm;
  readonly source: GeoSource | null;
  readonly canStore: boolean;
  readonly options: SearchOptions;
  hasCenter: 'member' | 'position' | null;
  hasShape: 'radius' | 'box' | null;
  /** The argument that is read next. */
  arg: number;
}

/**
 * @param source    the sorted set, null when the key is missing
 * @param canStore  false for the _RO forms
 * @returns         the options, or why they are refused; when the key is missing their center may
 *                  be unknown
 */
export function parseSearch(
  frame: Frame,
  form: SearchForm,
  source: GeoSource | null,
  canStore: boolean,
): SearchOptions | Refusal {
  const reading: Reading = {
    frame,
    form,
    source,
    canStore,
    options: emptyOptions(),
    hasCenter: null,
    hasShape: null,
    arg: 2,
  };
  const refusal = readFixed(reading) ?? readOptions(reading) ?? refusalOfWhole(reading);
  if (refusal !== null) return refusal;
  const { options } = reading;
  if (options.count !== 0 && options.order === 0 && !options.isAny) options.order = 1;
  return options;
}

export function isRefusal(parsed: SearchOptions | Refusal): parsed is Refusal {
  return typeof parsed === 'string' || 'bytes' in parsed;
}

/** Longitude and latitude in two arguments. */
export function readPosition(
  frame: Frame,
  arg: number,
  position: { longitude: number; latitude: number },
): Refusal | null {
  const longitude = doubleArgument(frame, arg);
  const latitude = Number.isNaN(longitude) ? NaN : doubleArgument(frame, arg + 1);
  if (Number.isNaN(latitude)) return ERRORS.notFloat;
  if (Math.abs(longitude) > LONGITUDE_MAX || Math.abs(latitude) > LATITUDE_MAX) {
    return `ERR invalid longitude,latitude pair ${sixDecimals(longitude)},${sixDecimals(latitude)}`;
  }
  position.longitude = longitude;
  position.latitude = latitude;
  return null;
}

/** What stands at fixed places before the options. */
function readFixed(reading: Reading): Refusal | null {
  const { frame, form, source, options } = reading;
  if (form === 'search') return null;
  if (form === 'searchStore') {
    options.storeArg = 1;
    reading.arg = 3;
    return null;
  }
  if (form === 'radius') {
    reading.arg = 6;
    return readPosition(frame, 2, options.shape.center) ?? readRadius(reading, 4);
  }
  reading.arg = 5;
  // Without a key nothing of this matters: the reply is empty.
  return source === null ? null : (readMember(reading, 2) ?? readRadius(reading, 3));
}

function readOptions(reading: Reading): Refusal | null {
  const { frame } = reading;
  while (reading.arg < frame.count) {
    const refusal = readPlainOption(reading);
    if (refusal === undefined) {
      const other = readShapeOption(reading);
      if (other !== null) return other;
    } else if (refusal !== null) return refusal;
  }
  return null;
}

/** @returns undefined when the argument is none of these */
function readPlainOption(reading: Reading): Refusal | null | undefined {
  const { frame, options, arg } = reading;
  const isSearch = reading.form === 'search' || reading.form === 'searchStore';
  const hasValue = arg + 1 < frame.count;
  reading.arg++;
  if (frame.equals(arg, 'WITHDIST')) options.withDistance = true;
  else if (frame.equals(arg, 'WITHHASH')) options.withHash = true;
  else if (frame.equals(arg, 'WITHCOORD')) options.withPosition = true;
  else if (frame.equals(arg, 'ANY')) options.isAny = true;
  else if (frame.equals(arg, 'ASC')) options.order = 1;
  else if (frame.equals(arg, 'DESC')) options.order = -1;
  else if (frame.equals(arg, 'COUNT') && hasValue) return readCount(reading);
  else if (reading.canStore && !isSearch && hasValue && isStoreWord(frame, arg)) {
    options.storeArg = arg + 1;
    options.storesDistances = frame.equals(arg, 'STOREDIST');
    reading.arg++;
  } else if (reading.form === 'searchStore' && frame.equals(arg, 'STOREDIST')) {
    options.storesDistances = true;
  } else {
    reading.arg = arg;
    return undefined;
  }
  return null;
}

function isStoreWord(frame: Frame, arg: number): boolean {
  return frame.equals(arg, 'STORE') || frame.equals(arg, 'STOREDIST');
}

function readCount(reading: Reading): Refusal | null {
  const count = integer64Argument(reading.frame, reading.arg);
  if (count === null) return ERRORS.notInteger;
  if (count <= 0n) return ERRORS.countAboveZero;
  reading.options.count = Number(count);
  reading.arg++;
  return null;
}

/** FROMMEMBER, FROMLONLAT, BYRADIUS and BYBOX. */
function readShapeOption(reading: Reading): Refusal | null {
  const { frame, options, arg, hasCenter, hasShape } = reading;
  if (reading.form !== 'search' && reading.form !== 'searchStore') return ERRORS.syntax;
  const left = frame.count - arg - 1;
  if (frame.equals(arg, 'FROMMEMBER') && left >= 1 && hasCenter !== 'position') {
    reading.hasCenter = 'member';
    reading.arg = arg + 2;
    return reading.source === null ? null : readMember(reading, arg + 1);
  }
  if (frame.equals(arg, 'FROMLONLAT') && left >= 2 && hasCenter !== 'member') {
    reading.hasCenter = 'position';
    reading.arg = arg + 3;
    return readPosition(frame, arg + 1, options.shape.center);
  }
  if (frame.equals(arg, 'BYRADIUS') && left >= 2 && hasShape !== 'box') {
    reading.hasShape = 'radius';
    reading.arg = arg + 3;
    return readRadius(reading, arg + 1);
  }
  if (frame.equals(arg, 'BYBOX') && left >= 3 && hasShape !== 'radius') {
    reading.hasShape = 'box';
    reading.arg = arg + 4;
    return readBox(reading, arg + 1);
  }
  return ERRORS.syntax;
}

function readMember(reading: Reading, arg: number): Refusal | null {
  const score = reading.source?.scoreOfArgument(reading.frame, arg) ?? NaN;
  if (Number.isNaN(score)) return ERRORS.geoNoMember;
  decodeScore(score, reading.options.shape.center);
  return null;
}

function readRadius(reading: Reading, arg: number): Refusal | null {
  const { shape } = reading.options;
  const radius = doubleArgument(reading.frame, arg);
  if (Number.isNaN(radius)) return ERRORS.geoRadius;
  if (radius < 0) return ERRORS.geoRadiusNegative;
  shape.radius = radius;
  shape.isBox = false;
  return readUnit(reading, arg + 1);
}

function readBox(reading: Reading, arg: number): Refusal | null {
  const { shape } = reading.options;
  const width = doubleArgument(reading.frame, arg);
  if (Number.isNaN(width)) return ERRORS.geoWidth;
  const height = doubleArgument(reading.frame, arg + 1);
  if (Number.isNaN(height)) return ERRORS.geoHeight;
  if (width < 0 || height < 0) return ERRORS.geoBoxNegative;
  shape.width = width;
  shape.height = height;
  shape.isBox = true;
  return readUnit(reading, arg + 2);
}

function readUnit(reading: Reading, arg: number): Refusal | null {
  const unitM = unitArgument(reading.frame, arg);
  if (Number.isNaN(unitM)) return ERRORS.geoUnit;
  reading.options.shape.unitM = unitM;
  return null;
}

function refusalOfWhole(reading: Reading): Refusal | null {
  const { options, form, frame } = reading;
  const isSearch = form === 'search' || form === 'searchStore';
  const wantsMore = options.withDistance || options.withHash || options.withPosition;
  if (options.storeArg !== 0 && wantsMore) {
    return form === 'searchStore' ? ERRORS.geoSearchStoreWith : ERRORS.geoRadiusStoreWith;
  }
  if (isSearch && reading.hasCenter === null) {
    return `ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${nameOf(frame)}`;
  }
  if (isSearch && reading.hasShape === null) {
    return `ERR exactly one of BYRADIUS and BYBOX can be specified for ${nameOf(frame)}`;
  }
  return options.isAny && options.count === 0 ? ERRORS.geoAny : null;
}

/** The command as the client wrote it. */
function nameOf(frame: Frame): string {
  return frame.latin1(0);
}

function emptyOptions(): SearchOptions {
  return {
    shape: {
      center: { longitude: 0, latitude: 0 },
      isBox: false,
      radius: 0,
      width: 0,
      height: 0,
      unitM: 1,
    },
    order: 0,
    count: 0,
    isAny: false,
    withDistance: false,
    withHash: false,
    withPosition: false,
    storeArg: 0,
    storesDistances: false,
  };
}

function doubleArgument(frame: Frame, arg: number): number {
  return parseDouble(frame.bytes, frame.offsets[arg], frame.lengths[arg]);
}

/** `%f` */
function sixDecimals(value: number): string {
  if (value === Infinity || value === -Infinity) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.000000';
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`;
}
