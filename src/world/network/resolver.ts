import { lookup, resolveSrv } from 'node:dns/promises';
import { NodeError } from '../../base/errors.ts';
import type { ServicePlace } from '../../base/world.ts';

/** As the machine resolves names for every program, its hosts file included. */
export async function resolve(name: string): Promise<string[]> {
  const found = await ask(name, () => lookup(name, { all: true, verbatim: true }));
  return [...new Set(found.map(({ address }) => address))];
}

export async function resolveService(name: string): Promise<ServicePlace[]> {
  const found = await ask(name, () => resolveSrv(name));
  found.sort((a, b) => a.priority - b.priority || b.weight - a.weight);
  return found.map(({ name: host, port }) => ({ host, port }));
}

async function ask<Answer>(name: string, question: () => Promise<Answer>): Promise<Answer> {
  try {
    return await question();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
    throw new NodeError('NAME_UNKNOWN', `Cannot resolve ${name}: ${code}`, { name, code }, cause);
  }
}
