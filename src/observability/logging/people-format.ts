/** Keys of a line that have a place of their own when it is printed for people. */
const PLACED = new Set([
  'level',
  '@timestamp',
  'node_id',
  'component',
  'action',
  'message',
  'fields',
]);

const CONTROL = /[\x00-\x1f\x7f]/;

/**
 * `logging.structured: false`: time, level, component and message, then what else there is.
 * @param line  one JSON line, as it would have been logged
 */
export function formatForPeople(line: string): string {
  const entry = JSON.parse(line) as Record<string, unknown>;
  const level = String(entry['level']).toUpperCase().padEnd(7);
  const fields = (entry['fields'] ?? {}) as Record<string, unknown>;
  const rest = { ...fields };
  for (const [name, value] of Object.entries(entry)) {
    if (!PLACED.has(name)) rest[name] = value;
  }
  const facts = Object.entries(rest).map(([name, value]) => ` ${name}=${printFact(value)}`);
  const message = String(entry['message']);
  const oneLine = CONTROL.test(message) ? JSON.stringify(message) : message;
  const head = `${entry['@timestamp']} ${level} ${entry['component']}: ${oneLine}`;
  return `${head}${facts.join('')}\n`;
}

function printFact(value: unknown): string {
  if (typeof value === 'string') return /^[\w.:/-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value) ?? 'undefined';
}
