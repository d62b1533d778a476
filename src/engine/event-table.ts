/**
 * One kind of change as keyspace notifications name it, with its class letter of
 * notify-keyspace-events.
 */
export interface EventRow {
  readonly name: string;
  readonly kind: 'g' | '$' | 'l' | 's' | 'h' | 'z' | 't' | 'x' | 'e' | 'm' | 'n' | '';
}

/** Ids into EVENT_ROWS. `none` is for changes that Redis does not announce. */
export const EVENT = {
  none: 0,
  set: 1,
  del: 2,
  expire: 3,
  expired: 4,
  evicted: 5,
  persist: 6,
  rename: 7,
  copyTo: 8,
  move: 9,
  append: 10,
  setrange: 11,
  setbit: 12,
  incrby: 13,
  incrbyfloat: 14,
  decrby: 15,
} as const;

/** `rename` and `move` stand for a pair of names, one for each of their keys. */
export const EVENT_ROWS: readonly EventRow[] = [
  { name: '', kind: '' },
  { name: 'set', kind: '$' },
  { name: 'del', kind: 'g' },
  { name: 'expire', kind: 'g' },
  { name: 'expired', kind: 'x' },
  { name: 'evicted', kind: 'e' },
  { name: 'persist', kind: 'g' },
  { name: 'rename_from rename_to', kind: 'g' },
  { name: 'copy_to', kind: 'g' },
  { name: 'move_from move_to', kind: 'g' },
  { name: 'append', kind: '$' },
  { name: 'setrange', kind: '$' },
  { name: 'setbit', kind: '$' },
  { name: 'incrby', kind: '$' },
  { name: 'incrbyfloat', kind: '$' },
  { name: 'decrby', kind: '$' },
];
