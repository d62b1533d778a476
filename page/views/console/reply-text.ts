import { type Reply, show, word } from '../../api.ts';

/** A reply as redis-cli prints it on a terminal. */
export function replyText(reply: Reply, indent = ''): string {
  switch (reply.type) {
    case 'null':
      return '(nil)';
    case 'boolean':
      return reply.value ? '(true)' : '(false)';
    case 'integer':
    case 'double':
      return `(${reply.type}) ${reply.value}`;
    case 'error':
      return `(error) ${reply.value}`;
    case 'bulk':
      return `"${show(word(reply)).replaceAll('"', '\\"')}"`;
    case 'array':
    case 'set':
      return listText(reply.value, indent);
    case 'map':
      return mapText(reply.value, indent);
    default:
      return show(word(reply));
  }
}

function listText(values: readonly Reply[], indent: string): string {
  if (values.length === 0) return '(empty)';
  return values.map((value, i) => numbered(i, values.length, replyOf(value), indent)).join('\n');
}

function mapText(pairs: readonly (readonly [Reply, Reply])[], indent: string): string {
  if (pairs.length === 0) return '(empty)';
  const parts = pairs.map(
    ([key, value]) =>
      (inner: string) =>
        `${replyText(key, inner)} => ${replyText(value, inner)}`,
  );
  return parts.map((part, i) => numbered(i, parts.length, part, indent)).join('\n');
}

function replyOf(value: Reply): (inner: string) => string {
  return (inner) => replyText(value, inner);
}

/** What is nested stands below the first character of its number's text. */
function numbered(
  index: number,
  total: number,
  textOf: (inner: string) => string,
  indent: string,
): string {
  const number = `${String(index + 1).padStart(String(total).length)}) `;
  const text = textOf(indent + ' '.repeat(number.length));
  return (index === 0 ? '' : indent) + number + text;
}
