/**
 * What one key does when its commands run one after the other. Values are texts, so that states can
 * be compared and remembered; '' is a key that is not there.
 */
import type { Action } from './history.ts';

export interface Step {
  readonly state: string;
  readonly reply: string;
}

export const NONE = 'nil';
const OK = 'OK';

export function applyAction(state: string, action: Action): Step {
  switch (action.kind) {
    case 'register':
      return applyToRegister(state, action);
    case 'counter':
      return applyToCounter(state, action);
    case 'set':
      return applyToSet(state, action);
    case 'hash':
      return applyToHash(state, action);
    case 'list':
      return applyToList(state, action);
    default:
      throw new Error(`${action.kind} has no model`);
  }
}

function applyToRegister(state: string, { verb, first }: Action): Step {
  switch (verb) {
    case 'SET':
      return { state: first, reply: OK };
    case 'SETGET':
      return { state: first, reply: state === '' ? NONE : state };
    case 'SETNX':
      return state === '' ? { state: first, reply: '1' } : { state, reply: '0' };
    case 'GETDEL':
      return { state: '', reply: state === '' ? NONE : state };
    case 'DEL':
      return { state: '', reply: state === '' ? '0' : '1' };
    default:
      return readOf(state, verb);
  }
}

function applyToCounter(state: string, { verb }: Action): Step {
  if (verb !== 'INCR') return readOf(state, verb);
  const next = String(Number(state) + 1);
  return { state: next, reply: next };
}

function applyToSet(state: string, { verb, first }: Action): Step {
  const members = new Set(state === '' ? [] : state.split(','));
  if (verb === 'SADD') {
    const reply = members.has(first) ? '0' : '1';
    return { state: [...members.add(first)].sort().join(','), reply };
  }
  if (verb !== 'SREM') return readOf(state, verb);
  const reply = members.delete(first) ? '1' : '0';
  return { state: [...members].sort().join(','), reply };
}

function applyToHash(state: string, { verb, first, second }: Action): Step {
  const fields = new Map(state === '' ? [] : state.split(',').map(splitPair));
  if (verb === 'HSET') {
    const reply = fields.has(first) ? '0' : '1';
    return { state: joinPairs(fields.set(first, second)), reply };
  }
  if (verb !== 'HDEL') return readOf(state, verb);
  const reply = fields.delete(first) ? '1' : '0';
  return { state: joinPairs(fields), reply };
}

function applyToList(state: string, { verb, first }: Action): Step {
  const items = state === '' ? [] : state.split(',');
  if (verb === 'LPUSH') {
    const next = [first, ...items];
    return { state: next.join(','), reply: String(next.length) };
  }
  if (verb !== 'RPOP') return readOf(state, verb);
  const item = items.pop();
  return { state: items.join(','), reply: item ?? NONE };
}

function readOf(state: string, verb: string): Step {
  if (verb !== 'READ') throw new Error(`${verb} is not known to the model`);
  return { state, reply: state === '' ? NONE : state };
}

export function splitPair(pair: string): [string, string] {
  const at = pair.indexOf('=');
  return [pair.slice(0, at), pair.slice(at + 1)];
}

export function joinPairs(fields: ReadonlyMap<string, string>): string {
  const pairs = [...fields].map(([field, value]) => `${field}=${value}`);
  return pairs.sort().join(',');
}
