/**
 * Does with a log line what Filebeat does by deploy/logs: the processors that stand there, in their
 * order. One that it does not know, or an option of it, fails the test, so that nothing of the
 * configuration goes unseen.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import vm from 'node:vm';
import { parse } from 'yaml';
import { ROOT } from '../support/server.ts';

export const LOGS = path.join(ROOT, 'deploy/logs');

export type Document = Record<string, unknown>;

/** Where a line was read. */
export interface Place {
  readonly path: string;
  readonly offset: number;
}

type Condition = Readonly<Record<string, unknown>>;
type Options = Readonly<Record<string, unknown>> & { readonly when?: Condition };

export class Filebeat {
  /** Source fields of renames that a line had. */
  readonly renamed = new Set<string>();
  readonly renames: string[] = [];
  private readonly processors: readonly (readonly [string, Options])[];

  /** @param input  file of inputs.d: its own processors come first */
  constructor(input: 'file' | 'container' | 'kubernetes') {
    const [own] = readYaml(`inputs.d/${input}.yml`) as { processors?: Document[] }[];
    const { processors } = readYaml('filebeat.yml') as { processors: Document[] };
    this.processors = [...(own!.processors ?? []), ...processors].map((one) => {
      const entries = Object.entries(one);
      if (entries.length !== 1) throw new Error(`a processor has one name: ${JSON.stringify(one)}`);
      return entries[0] as [string, Options];
    });
    for (const [name, options] of this.processors) {
      if (name === 'rename') this.renames.push(...renamesOf(options).map(({ from }) => from));
    }
  }

  /** @returns null: it is left out */
  ship(line: string, place: Place): Document | null {
    const log = { file: { path: place.path }, offset: place.offset };
    const document: Document = { message: line, log };
    for (const [name, all] of this.processors) {
      const { when, ...options } = unfold(all) as Options;
      if (when !== undefined && !holds(unfold(when), document)) continue;
      if (name === 'drop_event') return null;
      this.process(name, options, document);
    }
    return document;
  }

  private process(name: string, options: Options, document: Document): void {
    if (name === 'rename') return this.rename(options, document);
    const processor = PROCESSORS[name];
    if (processor === undefined)
      throw new Error(`a processor that this test does not know: ${name}`);
    processor(options, document);
  }

  private rename(options: Options, document: Document): void {
    allow(options, 'fields', 'ignore_missing', 'fail_on_error');
    for (const { from, to } of renamesOf(options)) {
      const value = get(document, from);
      // Where the target is there already nothing is renamed.
      if (value === undefined || get(document, to) !== undefined) continue;
      this.renamed.add(from);
      remove(document, from);
      put(document, to, value);
    }
  }
}

const PROCESSORS: Readonly<Record<string, (options: Options, document: Document) => void>> = {
  fingerprint(options, document) {
    allow(options, 'fields', 'target_field', 'ignore_missing');
    const hash = createHash('sha256');
    for (const field of (options['fields'] as string[]).toSorted()) {
      hash.update(`|${field}|${get(document, field)}`);
    }
    put(document, String(options['target_field']), hash.digest('hex'));
  },
  decode_json_fields(options, document) {
    allow(options, 'fields', 'target', 'overwrite_keys');
    const text = String(document['message']);
    if (!text.startsWith('{')) return;
    Object.assign(document, JSON.parse(text));
  },
  script(options, document) {
    allow(options, 'lang', 'source');
    const event = {
      Get: (field: string) => get(document, field) ?? null,
      Put: (field: string, value: unknown) => put(document, field, value),
      Delete: (field: string) => remove(document, field),
    };
    vm.runInNewContext(`${options['source']}\nprocess(event);`, { event });
  },
  add_fields(options, document) {
    allow(options, 'target', 'fields');
    for (const [field, value] of Object.entries(options['fields'] as Document)) {
      put(document, field, value);
    }
  },
  // What it adds comes from Kubernetes' API.
  add_kubernetes_metadata() {},
};

function renamesOf(options: Options): { from: string; to: string }[] {
  return options['fields'] as { from: string; to: string }[];
}

function holds(condition: Condition, document: Document): boolean {
  return Object.entries(condition).every(([kind, what]) => {
    if (kind === 'or') return (what as Condition[]).some((one) => holds(unfold(one), document));
    if (kind === 'not') return !holds(unfold(what as Condition), document);
    const fields = Object.entries(leaves(what as Document));
    if (kind === 'equals') return fields.every(([field, value]) => get(document, field) === value);
    if (kind === 'contains') {
      return fields.every(([field, text]) => String(get(document, field)).includes(String(text)));
    }
    throw new Error(`a condition that this test does not know: ${kind}`);
  });
}

/** `when.equals.log.logger: x` is `when: {equals: {log.logger: x}}`. */
function unfold(options: Condition): Condition {
  const unfolded: Document = {};
  for (const [name, value] of Object.entries(options)) {
    const [kind, ...rest] = name.split('.');
    if (rest.length === 0) unfolded[name] = value;
    else unfolded[kind!] = { [rest.join('.')]: value };
  }
  return unfolded;
}

function allow(options: Options, ...names: string[]): void {
  const other = Object.keys(options).find((name) => !names.includes(name));
  if (other !== undefined) throw new Error(`an option that this test does not know: ${other}`);
}

export function readYaml(name: string): unknown {
  return parse(fs.readFileSync(path.join(LOGS, name), 'utf8'));
}

export function get(document: Document, field: string): unknown {
  return field.split('.').reduce<unknown>((at, name) => {
    return typeof at === 'object' && at !== null ? (at as Document)[name] : undefined;
  }, document);
}

function put(document: Document, field: string, value: unknown): void {
  const names = field.split('.');
  const last = names.pop()!;
  let at = document;
  for (const name of names) {
    at[name] ??= {};
    at = at[name] as Document;
  }
  at[last] = value;
}

function remove(document: Document, field: string): void {
  const dot = field.lastIndexOf('.');
  const parent = dot < 0 ? document : get(document, field.slice(0, dot));
  delete (parent as Document)[field.slice(dot + 1)];
}

/** `a.b` -> value. @param isWhole  fields whose inside is one thing */
export function leaves(value: Document, isWhole: (field: string) => boolean = () => false) {
  const found: Document = {};
  const walk = (part: Document, prefix: string): void => {
    for (const [name, one] of Object.entries(part)) {
      const field = prefix === '' ? name : `${prefix}.${name}`;
      const isMap = typeof one === 'object' && one !== null && !Array.isArray(one);
      if (isMap && !isWhole(field)) walk(one as Document, field);
      else found[field] = one;
    }
  };
  walk(value, '');
  return found;
}
