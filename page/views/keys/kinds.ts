/** How each type of value is read a page at a time, and which commands change one element of it. */
import { items, must, type Reply, text, type Word, word } from '../../api.ts';

export type Kind = 'string' | 'hash' | 'list' | 'set' | 'zset' | 'stream';

export interface Target {
  readonly store: string;
  readonly key: Word;
}

/** One row of the editor. */
export interface Element {
  /** What it is found by: field, index, member, id. */
  readonly name: Word;
  /** Null where the name is all there is: members of a set. */
  readonly value: Word | null;
}

export interface ElementKind {
  readonly heads: readonly string[];
  /** Labels of what a new element is made of. */
  readonly inputs: readonly string[];
  readonly count: readonly string[];
  read(target: Target): Promise<Element[]>;
  add(target: Target, given: readonly string[]): Promise<Reply>;
  /** Null: an element is what it is. */
  readonly change: ((target: Target, element: Element, value: string) => Promise<Reply>) | null;
  remove(target: Target, element: Element): Promise<Reply>;
}

/** Elements shown of one key. */
export const ELEMENTS_MAX = 200;
/** Nobody stores this: it marks the element of a list that LREM then removes. */
const TOMBSTONE = '\u0000hypercache:removed';
/** Somebody else may have moved the elements since they were shown. */
const REMOVE_ELEMENT = `
if redis.call('LINDEX', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return redis.error_reply('ERR the list has changed meanwhile: look again')
end
redis.call('LSET', KEYS[1], ARGV[1], ARGV[3])
return redis.call('LREM', KEYS[1], 1, ARGV[3])`;

const hash: ElementKind = {
  heads: ['Field', 'Value'],
  inputs: ['Field', 'Value'],
  count: ['HLEN'],
  read: async (target) => pairs(await scanned(target, 'HSCAN')),
  add: ({ store, key }, [field, value]) => must(store, 'HSET', key, field!, value!),
  change: ({ store, key }, { name }, value) => must(store, 'HSET', key, name, value),
  remove: ({ store, key }, { name }) => must(store, 'HDEL', key, name),
};

const list: ElementKind = {
  heads: ['Index', 'Value'],
  inputs: ['Value at the end'],
  count: ['LLEN'],
  read: async ({ store, key }) => {
    const found = items(await must(store, 'LRANGE', key, '0', String(ELEMENTS_MAX - 1)));
    return found.map((value, i) => ({ name: String(i), value: word(value) }));
  },
  add: ({ store, key }, [value]) => must(store, 'RPUSH', key, value!),
  change: ({ store, key }, { name }, value) => must(store, 'LSET', key, name, value),
  remove: ({ store, key }, { name, value }) =>
    must(store, 'EVAL', REMOVE_ELEMENT, '1', key, name, value!, TOMBSTONE),
};

const set: ElementKind = {
  heads: ['Member'],
  inputs: ['Member'],
  count: ['SCARD'],
  read: async (target) => {
    const found = await scanned(target, 'SSCAN');
    return found.map((member) => ({ name: word(member), value: null }));
  },
  add: ({ store, key }, [member]) => must(store, 'SADD', key, member!),
  change: null,
  remove: ({ store, key }, { name }) => must(store, 'SREM', key, name),
};

const zset: ElementKind = {
  heads: ['Member', 'Score'],
  inputs: ['Member', 'Score'],
  count: ['ZCARD'],
  read: async ({ store, key }) => {
    const range = ['0', String(ELEMENTS_MAX - 1), 'WITHSCORES'];
    const found = items(await must(store, 'ZRANGE', key, ...range));
    return found.map((pair) => {
      const [member, score] = items(pair);
      return { name: word(member!), value: word(score!) };
    });
  },
  add: ({ store, key }, [member, score]) => must(store, 'ZADD', key, score!, member!),
  change: ({ store, key }, { name }, value) => must(store, 'ZADD', key, value, name),
  remove: ({ store, key }, { name }) => must(store, 'ZREM', key, name),
};

const stream: ElementKind = {
  heads: ['Id', 'Fields'],
  inputs: ['Field', 'Value'],
  count: ['XLEN'],
  read: async ({ store, key }) => {
    const last = ['+', '-', 'COUNT', String(ELEMENTS_MAX)];
    const found = items(await must(store, 'XREVRANGE', key, ...last));
    return found.map((entry) => {
      const [id, fields] = items(entry);
      return { name: word(id!), value: fieldsText(items(fields!)) };
    });
  },
  add: ({ store, key }, [field, value]) => must(store, 'XADD', key, '*', field!, value!),
  change: null,
  remove: ({ store, key }, { name }) => must(store, 'XDEL', key, name),
};

export const ELEMENT_KINDS: Readonly<Record<Exclude<Kind, 'string'>, ElementKind>> = {
  hash,
  list,
  set,
  zset,
  stream,
};

/** Until there are enough, or all. */
async function scanned({ store, key }: Target, command: string): Promise<readonly Reply[]> {
  const found: Reply[] = [];
  const wanted = command === 'HSCAN' ? ELEMENTS_MAX * 2 : ELEMENTS_MAX;
  let cursor = '0';
  do {
    const [next, some] = items(await must(store, command, key, cursor, 'COUNT', '200'));
    found.push(...items(some!));
    cursor = text(next);
  } while (cursor !== '0' && found.length < wanted);
  return found.slice(0, wanted);
}

function pairs(flat: readonly Reply[]): Element[] {
  const found: Element[] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) {
    found.push({ name: word(flat[i]!), value: word(flat[i + 1]!) });
  }
  return found;
}

function fieldsText(fields: readonly Reply[]): string {
  const parts: string[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    parts.push(`${text(fields[i])}: ${text(fields[i + 1])}`);
  }
  return parts.join(', ');
}
