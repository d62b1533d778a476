/** What the node itself says of its commands, for completion. */
import { signal } from '@preact/signals';
import { items, must, type Reply, text } from '../../api.ts';

export interface CommandDoc {
  /** In capitals; `CONFIG GET` for a subcommand. */
  readonly name: string;
  readonly summary: string;
  readonly syntax: string;
}

const OFFERS_MAX = 8;

/** Asked for once. */
export const docs = signal<readonly CommandDoc[]>([]);

/** While the name is typed: commands that begin so; then the one that it is. */
export function offersFor(line: string): readonly CommandDoc[] {
  const typed = line.trimStart().toUpperCase();
  if (typed === '') return [];
  const known = docs.value;
  const [name, child] = typed.split(/\s+/);
  if (!typed.includes(' ')) {
    return known.filter((doc) => doc.name.startsWith(typed)).slice(0, OFFERS_MAX);
  }
  const both = known.find((doc) => doc.name === `${name} ${child}`);
  const one = both ?? known.find((doc) => doc.name === name);
  return one === undefined ? [] : [one];
}

export async function loadDocs(): Promise<void> {
  try {
    docs.value = docsOf(await must('default', 'COMMAND', 'DOCS'), '');
  } catch {
    // The console works without: what is typed is not completed.
    docs.value = [];
  }
}

function docsOf(reply: Reply, parent: string): CommandDoc[] {
  if (reply.type !== 'map') return [];
  return reply.value.flatMap(([key, doc]) => {
    const name = parent + text(key).split('|').at(-1)!.toUpperCase();
    const own = { name, summary: text(member(doc, 'summary')), syntax: syntaxOf(doc) };
    const children = member(doc, 'subcommands');
    return [own, ...(children === undefined ? [] : docsOf(children, `${name} `))];
  });
}

function member(reply: Reply, name: string): Reply | undefined {
  if (reply.type !== 'map') return undefined;
  return reply.value.find(([key]) => text(key) === name)?.[1];
}

function syntaxOf(doc: Reply): string {
  const given = member(doc, 'arguments');
  return given === undefined ? '' : items(given).map(argumentText).join(' ');
}

function argumentText(argument: Reply): string {
  const inner = member(argument, 'arguments');
  const kind = text(member(argument, 'type'));
  const flags = items(member(argument, 'flags') ?? { type: 'null' }).map(text);
  const parts = inner === undefined ? [] : items(inner).map(argumentText);
  const token = text(member(argument, 'token'));
  const name = text(member(argument, 'display_text')) || text(member(argument, 'name'));
  const body = parts.length > 0 ? parts.join(kind === 'oneof' ? '|' : ' ') : name;
  const whole = [token, kind === 'pure-token' ? '' : body].filter((part) => part !== '').join(' ');
  const many = flags.includes('multiple') ? `${whole} ...` : whole;
  return flags.includes('optional') ? `[${many}]` : many;
}
