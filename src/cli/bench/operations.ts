/** What a bench can send: one row per operation. */
export interface OperationRow {
  readonly name: string;
  /**
   * Words with `{key}`, the number of the key; `{element}`, a number of the same range; `{value}`,
   * as many bytes as asked for.
   */
  readonly words: readonly string[];
  /** The operation that gives every key what this one finds; null: it needs nothing. */
  readonly filledBy: string | null;
}

/** A sweep writes each key with an element of the same number, which reads then find. */
export const OPERATIONS: readonly OperationRow[] = [
  operation('ping', 'PING', null),
  operation('get', 'GET bench:string:{key}', 'set'),
  operation('set', 'SET bench:string:{key} {value}', null),
  operation('setex', 'SET bench:string:{key} {value} EX 300', null),
  operation('del', 'DEL bench:string:{key}', 'set'),
  operation('incr', 'INCR bench:counter:{key}', null),
  operation('hset', 'HSET bench:hash:{key} field:{element} {value}', null),
  operation('hget', 'HGET bench:hash:{key} field:{key}', 'hset'),
  operation('lpush', 'LPUSH bench:list:{key} {value}', null),
  operation('rpop', 'RPOP bench:list:{key}', 'lpush'),
  operation('lrange', 'LRANGE bench:list:{key} 0 9', 'lpush'),
  operation('sadd', 'SADD bench:set:{key} member:{element}', null),
  operation('sismember', 'SISMEMBER bench:set:{key} member:{key}', 'sadd'),
  operation('zadd', 'ZADD bench:zset:{key} {element} member:{element}', null),
  operation('zrange', 'ZRANGE bench:zset:{key} 0 9', 'zadd'),
];

function operation(name: string, line: string, filledBy: string | null): OperationRow {
  return { name, words: line.split(' '), filledBy };
}

/** One that a user writes out, with blanks between its words. */
export function customOperation(line: string): OperationRow {
  return { name: 'command', words: line.trim().split(/\s+/), filledBy: null };
}

/** Removes what operations of such a name left behind. */
export function removalOf({ words }: OperationRow): OperationRow | null {
  const key = words[1];
  return key === undefined ? null : { name: 'unlink', words: ['UNLINK', key], filledBy: null };
}
