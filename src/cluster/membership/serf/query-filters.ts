import type { QueryFilter } from '../wire/serf-messages.ts';
import { parseFilter } from '../wire/serf-parsers.ts';
import { matchesExpression } from './tag-expression.ts';

/** All filters must let it pass; one that is not understood lets nothing pass. */
export function isMeantFor(
  filters: readonly Uint8Array[],
  name: string,
  tags: ReadonlyMap<string, string>,
): boolean {
  return filters.every((bytes) => {
    const filter = parseFilter(bytes);
    return filter !== null && passes(filter, name, tags);
  });
}

function passes(filter: QueryFilter, name: string, tags: ReadonlyMap<string, string>): boolean {
  if (filter.kind === 'nodes') return filter.names.includes(name);
  const value = tags.get(filter.tag);
  return value !== undefined && matchesExpression(filter.expression, value);
}
