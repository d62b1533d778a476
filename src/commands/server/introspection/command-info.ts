import type { ReplyWriter } from '../../../protocol/reply-writer.ts';
import { categoriesOf, type KeySpec } from '../../command-row.ts';
import type { Command } from '../../command-table.ts';
import { flagsOf, keyFlagsOf, keyRangeOf } from './command-facts.ts';
import { type ArgumentNode, parseSyntax } from './command-syntax.ts';

/** One element of COMMAND and COMMAND INFO; null for a command that does not exist. */
export function replyInfo(reply: ReplyWriter, command: Command | null): void {
  if (command === null) {
    reply.null();
    return;
  }
  const { row } = command;
  const range = keyRangeOf(row);
  reply.array(10);
  reply.bulkText(command.fullName);
  reply.integer(row.arity);
  replySimpleSet(reply, flagsOf(row));
  reply.integer(range.first);
  reply.integer(range.last);
  reply.integer(range.step);
  replySimpleSet(
    reply,
    categoriesOf(row).map((category) => `@${category}`),
  );
  const tips = row.tips ?? [];
  reply.set(tips.length);
  for (const tip of tips) reply.bulkText(tip);
  const specs = row.keys ?? [];
  reply.set(specs.length);
  for (const spec of specs) replyKeySpec(reply, spec);
  if (command.subcommands === null) {
    reply.set(0);
    return;
  }
  reply.array(command.subcommands.size);
  for (const child of command.subcommands.values()) replyInfo(reply, child);
}

/** The value beside a command's name in COMMAND DOCS. */
export function replyDocs(reply: ReplyWriter, command: Command): void {
  const { row, subcommands } = command;
  const args = parseSyntax(row);
  const { deprecated } = row;
  reply.map(
    4 +
      (deprecated === undefined ? 0 : 3) +
      (args.length > 0 ? 1 : 0) +
      (subcommands !== null ? 1 : 0),
  );
  replyPair(reply, 'summary', row.summary);
  replyPair(reply, 'since', row.since);
  replyPair(reply, 'group', row.group);
  replyPair(reply, 'complexity', row.complexity);
  if (deprecated !== undefined) {
    reply.bulkText('doc_flags');
    replySimpleSet(reply, ['deprecated']);
    replyPair(reply, 'deprecated_since', deprecated.since);
    replyPair(reply, 'replaced_by', deprecated.replacedBy);
  }
  if (args.length > 0) {
    reply.bulkText('arguments');
    replyArguments(reply, args);
  }
  if (subcommands === null) return;
  reply.bulkText('subcommands');
  reply.map(subcommands.size);
  for (const child of subcommands.values()) {
    reply.bulkText(child.fullName);
    replyDocs(reply, child);
  }
}

function replyArguments(reply: ReplyWriter, nodes: readonly ArgumentNode[]): void {
  reply.array(nodes.length);
  for (const node of nodes) {
    const flags = argumentFlags(node);
    const { keySpecIndex, token, children } = node;
    reply.map(
      2 +
        (keySpecIndex === undefined ? 0 : 1) +
        (token === undefined ? 0 : 1) +
        (flags.length > 0 ? 1 : 0) +
        (children.length > 0 ? 1 : 0),
    );
    replyPair(reply, 'name', node.name);
    replyPair(reply, 'type', node.type);
    if (keySpecIndex !== undefined) {
      reply.bulkText('key_spec_index');
      reply.integer(keySpecIndex);
    }
    if (token !== undefined) replyPair(reply, 'token', token);
    if (flags.length > 0) {
      reply.bulkText('flags');
      replySimpleSet(reply, flags);
    }
    if (children.length > 0) {
      reply.bulkText('arguments');
      replyArguments(reply, children);
    }
  }
}

function argumentFlags(node: ArgumentNode): string[] {
  const flags: string[] = [];
  if (node.isOptional) flags.push('optional');
  if (node.isMultiple) flags.push('multiple');
  if (node.repeatsToken) flags.push('multiple_token');
  return flags;
}

function replyKeySpec(reply: ReplyWriter, spec: KeySpec): void {
  const { begin, find } = spec;
  reply.map(spec.notes === undefined ? 3 : 4);
  if (spec.notes !== undefined) replyPair(reply, 'notes', spec.notes);
  reply.bulkText('flags');
  replySimpleSet(reply, keyFlagsOf(spec));
  reply.bulkText('begin_search');
  if ('index' in begin) {
    replyTyped(reply, 'index', [['index', begin.index]]);
  } else if ('isUnknown' in begin) {
    replyTyped(reply, 'unknown', []);
  } else {
    replyTyped(reply, 'keyword', [
      ['keyword', begin.keyword],
      ['startfrom', begin.startFrom],
    ]);
  }
  reply.bulkText('find_keys');
  if ('keyCountIndex' in find) {
    replyTyped(reply, 'keynum', [
      ['keynumidx', find.keyCountIndex],
      ['firstkey', find.firstKey],
      ['keystep', find.step],
    ]);
  } else if ('isUnknown' in find) {
    replyTyped(reply, 'unknown', []);
  } else {
    replyTyped(reply, 'range', [
      ['lastkey', find.lastKey],
      ['keystep', find.step],
      ['limit', find.limit],
    ]);
  }
}

function replyTyped(
  reply: ReplyWriter,
  type: string,
  pairs: readonly (readonly [string, string | number])[],
): void {
  reply.map(2);
  replyPair(reply, 'type', type);
  reply.bulkText('spec');
  reply.map(pairs.length);
  for (const [name, value] of pairs) {
    reply.bulkText(name);
    if (typeof value === 'number') reply.integer(value);
    else reply.bulkText(value);
  }
}

export function replySimpleSet(reply: ReplyWriter, texts: readonly string[]): void {
  reply.set(texts.length);
  for (const text of texts) reply.simple(text);
}

function replyPair(reply: ReplyWriter, name: string, value: string): void {
  reply.bulkText(name);
  reply.bulkText(value);
}
