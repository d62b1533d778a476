/** Figures as people read them. */

const WHOLE = new Intl.NumberFormat('en');

export function count(value: number): string {
  if (value < 100_000) return WHOLE.format(Math.round(value));
  if (value < 10_000_000) return `${(value / 1e3).toFixed(0)} k`;
  return `${(value / 1e6).toFixed(1)} M`;
}

export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`;
}

export function micros(us: number): string {
  if (us === 0) return '0 µs';
  if (us < 1000) return `${us < 10 ? us.toFixed(1) : us.toFixed(0)} µs`;
  return us < 1e6 ? `${(us / 1000).toFixed(1)} ms` : `${(us / 1e6).toFixed(2)} s`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(share > 0.999 || share < 0.001 ? 0 : 1)} %`;
}

export function seconds(value: number): string {
  if (value < 60) return `${Math.floor(value)} s`;
  if (value < 3600) return `${Math.floor(value / 60)} min`;
  if (value < 86_400) return `${Math.floor(value / 3600)} h ${Math.floor((value % 3600) / 60)} min`;
  return `${Math.floor(value / 86_400)} d ${Math.floor((value % 86_400) / 3600)} h`;
}

/** A time of day; Unix seconds. */
export function clock(atS: number): string {
  return new Date(atS * 1000).toLocaleTimeString('en-GB');
}

export function moment(atS: number): string {
  if (atS === 0) return 'never';
  return new Date(atS * 1000).toISOString().slice(0, 19).replace('T', ' ');
}
