import type { Draft, Generator, GrammarRow } from '../generator.ts';

const MEMBER = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', '', 'Palermo'];
const UNIT = ['m', 'km', 'ft', 'mi', 'KM', 'Mi', 'yd', ''];
const EDGE_LONGITUDE = ['180', '-180', '180.0001', '-181', '0', '-0', 'x', 'nan', 'inf', '1e-320'];
const EDGE_LATITUDE = ['85.05112878', '-85.05112878', '85.06', '-90', '0', 'x', '', '0x10'];
const DISTANCE = ['1', '100', '1000', '5000', '20000', '0', '0.5', '-1', '1e9', 'x', 'nan', 'inf'];
const COUNT = ['1', '2', '3', '10', '0', '-1', 'x', '9223372036854775807'];

/** A few places near each other, any place, now and then no place. */
function position(g: Generator): [string, string] {
  if (g.chance(0.04)) return [g.pick(EDGE_LONGITUDE), g.pick(EDGE_LATITUDE)];
  if (g.chance(0.6)) return [decimal(g, 12, 16), decimal(g, 36, 39)];
  return [decimal(g, -180, 180), decimal(g, -85, 85)];
}

function decimal(g: Generator, min: number, max: number): string {
  const value = min + (g.below(1_000_001) / 1_000_000) * (max - min);
  return value.toFixed(g.pick([0, 2, 6, 12]));
}

function member(g: Generator): ReturnType<Generator['value']> {
  return g.chance(0.95) ? g.pick(MEMBER) : g.value();
}

function members(name: string, weight: number): GrammarRow {
  return { name, weight, make: (g, d) => d.add(g.key(), ...g.times(0, 4, () => member(g))) };
}

function unit(g: Generator): string {
  return g.chance(0.97) ? g.pick(UNIT.slice(0, 6)) : g.pick(UNIT);
}

function distance(g: Generator): string {
  return g.chance(0.9) ? g.pick(DISTANCE.slice(0, 5)) : g.pick(DISTANCE);
}

function center(g: Generator, d: Draft): void {
  if (g.chance(0.5)) d.option('FROMLONLAT', ...position(g));
  else d.option('FROMMEMBER', member(g));
}

function shape(g: Generator, d: Draft): void {
  if (g.chance(0.5)) d.option('BYRADIUS', distance(g), unit(g));
  else d.option('BYBOX', distance(g), distance(g), unit(g));
}

function orderAndCount(g: Generator, d: Draft): void {
  if (g.chance(0.4)) d.option(g.pick(['ASC', 'DESC']));
  if (g.chance(0.7)) return;
  d.option('COUNT', g.pick(COUNT));
  if (g.chance(0.3)) d.option('ANY');
}

function extras(g: Generator, d: Draft): void {
  for (const label of ['WITHCOORD', 'WITHDIST', 'WITHHASH']) if (g.chance(0.25)) d.option(label);
}

function storing(g: Generator, d: Draft): void {
  if (g.chance(0.25)) d.option('STORE', g.key());
  if (g.chance(0.1)) d.option('STOREDIST', g.key());
}

function search(name: string, weight: number): GrammarRow {
  const isStoring = name === 'GEOSEARCHSTORE';
  return {
    name,
    weight,
    make: (g, d) => {
      if (isStoring) d.add(g.key());
      d.add(g.key());
      // Both must be there, once; rarely not.
      if (g.chance(0.98)) center(g, d);
      if (g.chance(0.98)) shape(g, d);
      if (g.chance(0.02)) g.chance(0.5) ? center(g, d) : shape(g, d);
      orderAndCount(g, d);
      if (isStoring ? g.chance(0.08) : true) extras(g, d);
      if (isStoring ? g.chance(0.3) : g.chance(0.02)) d.option('STOREDIST');
    },
  };
}

/** The older forms: of a place or of a member, the latter with `isOfMember`. */
function radius(name: string, weight: number, isOfMember: boolean): GrammarRow {
  return {
    name,
    weight,
    make: (g, d) => {
      d.add(g.key());
      if (isOfMember) d.add(member(g));
      else d.add(...position(g));
      d.add(distance(g), unit(g));
      const canStore = !name.endsWith('_RO');
      orderAndCount(g, d);
      if (canStore && g.chance(0.4)) storing(g, d);
      else if (g.chance(0.7)) extras(g, d);
      if (g.chance(canStore ? 0.03 : 0.5)) storing(g, d);
    },
  };
}

export const GEO_ROWS: readonly GrammarRow[] = [
  {
    name: 'GEOADD',
    weight: 26,
    make: (g, d) => {
      d.add(g.key());
      if (g.chance(0.3)) d.option(g.pick(['NX', 'XX']));
      if (g.chance(0.03)) d.option(g.pick(['NX', 'XX']));
      if (g.chance(0.2)) d.option('CH');
      for (let i = g.between(1, 4); i > 0; i--) d.add(...position(g), member(g));
    },
  },
  members('GEOPOS', 7),
  members('GEOHASH', 7),
  {
    name: 'GEODIST',
    weight: 7,
    make: (g, d) => {
      d.add(g.key(), member(g), member(g));
      if (g.chance(0.6)) d.add(unit(g));
    },
  },
  search('GEOSEARCH', 16),
  search('GEOSEARCHSTORE', 8),
  radius('GEORADIUS', 7, false),
  radius('GEORADIUS_RO', 4, false),
  radius('GEORADIUSBYMEMBER', 7, true),
  radius('GEORADIUSBYMEMBER_RO', 4, true),
];
