/** As much of Lucene as the dashboards use: AND, `field:value`, `*`, alternatives in brackets. */
import { type Document, get } from './filebeat.ts';

/** @throws for what it does not know */
export function matches(query: string, document: Document): boolean {
  return query.split(' AND ').every((clause) => holds(clause, document));
}

/** Fields that a query names. */
export function fieldsOf(query: string): string[] {
  return query.split(' AND ').map((clause) => parseClause(clause).field);
}

function holds(clause: string, document: Document): boolean {
  const { field, values } = parseClause(clause);
  const value = get(document, field);
  if (value === undefined) return false;
  const texts = Array.isArray(value) ? value.map(String) : [String(value)];
  return values.some((wanted) => wanted === '*' || texts.includes(wanted));
}

function parseClause(clause: string): { field: string; values: string[] } {
  const [, field, one, several] = /^([\w.@]+):(?:([\w.*-]+)|\(([^()]+)\))$/.exec(clause) ?? [];
  if (field === undefined) throw new Error(`a query that this test does not know: ${clause}`);
  return { field, values: one === undefined ? several!.split(' OR ') : [one] };
}
