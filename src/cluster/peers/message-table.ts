/** Every message that nodes send each other: one row a type. The row's position is its number. */
export interface MessageRow {
  readonly name: string;
  /** Version of the links that brought it. */
  readonly since: number;
  readonly help: string;
  /**
   * It overtakes the others, and stands between the parts of a long one: it is short, it is not
   * counted for the credit, and what it tells holds in whatever order it comes.
   */
  readonly isUrgent?: boolean;
}

export const MESSAGE_TABLE = [
  { name: 'hello', since: 1, help: 'Who dials, which incarnation, what it speaks.' },
  { name: 'welcome', since: 1, help: 'The answer to it.' },
  { name: 'heartbeat', since: 1, help: 'Clock, progress of the main thread, what was received.' },
  { name: 'credit', since: 1, help: 'How many bytes more may be sent.' },
  {
    name: 'view',
    since: 1,
    isUrgent: true,
    help: 'Whom the sender takes for dead, and asks to confirm.',
  },
  { name: 'effects', since: 1, help: 'Changes of one store, in order, with stamps.' },
  {
    name: 'acknowledge',
    since: 1,
    isUrgent: true,
    help: 'Up to where a stream of effects is applied.',
  },
  { name: 'handover', since: 1, help: 'The sender executes no more for a store or slots.' },
  { name: 'command', since: 1, help: 'A command of a client, to be executed by its owner.' },
  { name: 'reply', since: 1, help: 'What it answered.' },
  { name: 'session-end', since: 1, help: 'The client is gone, or waits no more.' },
  { name: 'fetch', since: 1, help: 'Asks for keys as the owner has them.' },
  { name: 'state', since: 1, help: 'Keys with value, deadline and stamp.' },
  { name: 'sync', since: 1, help: 'Asks to be made equal to the owner of a store.' },
  { name: 'digests', since: 1, help: 'Sums over the stamps of each slot.' },
  { name: 'stamps', since: 1, help: 'The stamps of some slots, key by key.' },
  { name: 'synced', since: 1, help: 'What was asked for has been sent.' },
  { name: 'stores', since: 1, help: 'The list of named stores.' },
  { name: 'functions', since: 1, help: 'All function libraries.' },
  { name: 'publish', since: 1, help: 'A message of PUBLISH or SPUBLISH.' },
  { name: 'touched', since: 1, help: 'Keys that were read elsewhere, for eviction.' },
  { name: 'scripts', since: 1, help: 'A script of SCRIPT LOAD or EVAL, or SCRIPT FLUSH.' },
  { name: 'copies', since: 1, help: 'Keys with values and stamps, to make two nodes equal.' },
  { name: 'elements', since: 1, help: 'Fields or members of a key with a stamp each, to merge.' },
  { name: 'table', since: 1, help: 'The table of owners that the sender goes by from now on.' },
] as const satisfies readonly MessageRow[];

export type MessageName = (typeof MESSAGE_TABLE)[number]['name'];

/** Name -> number of the row. */
export const MESSAGE = Object.fromEntries(
  MESSAGE_TABLE.map(({ name }, row) => [name, row]),
) as Readonly<Record<MessageName, number>>;

/** By number. */
const ARE_URGENT = MESSAGE_TABLE.map((row: MessageRow) => row.isUrgent === true);

export function isUrgent(type: number): boolean {
  return ARE_URGENT[type] === true;
}
