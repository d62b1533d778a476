import { crc64 } from '../../src/base/digest/crc64.ts';
import { CRC_BYTES, RDB_TYPE } from '../../src/rdb/format.ts';
import { describeReply, type Reply } from '../../src/testing/reply-decoder.ts';
import { isCommandOfBoth } from './allowed-differences.ts';
import type { Comparison } from './generator.ts';
import { infoDifference } from './info-fields.ts';

/** Clocks of two servers that got the same bytes one after the other, on a busy machine. */
const TOLERANCE_S = 3;
const TOLERANCE_MS = 4_000;

export function repliesAgree(oracle: Reply, ours: Reply, comparison: Comparison): boolean {
  if (oracle.kind === 'error' || ours.kind === 'error') return isSame(oracle, ours);
  switch (comparison) {
    case 'exact':
      return isSame(oracle, ours);
    case 'unordered':
      return describeReply(oracle, false) === describeReply(ours, false);
    case 'kind':
      return kindOf(oracle) === kindOf(ours);
    case 'seconds':
      return isNear(oracle, ours, TOLERANCE_S);
    case 'milliseconds':
      return isNear(oracle, ours, TOLERANCE_MS);
    case 'scan':
      return describeReply(oracle, false) === describeReply(ours, false);
    case 'clientInfo':
      return clientState(oracle) === clientState(ours);
    case 'hello':
      return helloFacts(oracle) === helloFacts(ours);
    case 'info':
      return infoDifference(oracle, ours) === '';
    case 'docs':
      return docsFacts(oracle) === docsFacts(ours);
    case 'rules':
      return withoutCommandRules(oracle) === withoutCommandRules(ours);
    case 'accessLog':
      return logFacts(oracle) === logFacts(ours);
    case 'names':
      return commonNames(oracle) === commonNames(ours);
    case 'payload':
      return isSame(oracle, ours) || payloadFacts(oracle) === payloadFacts(ours);
  }
}

export function isSame(a: Reply, b: Reply): boolean {
  if (a.kind !== b.kind) return false;
  switch (a.kind) {
    case 'simple':
    case 'error':
    case 'bigNumber':
    case 'double':
      return a.text === (b as typeof a).text;
    case 'integer':
    case 'boolean':
      return a.value === (b as typeof a).value;
    case 'bulk':
      return a.bytes.equals((b as typeof a).bytes);
    case 'null':
      return a.form === (b as typeof a).form;
    case 'verbatim':
      return a.format === (b as typeof a).format && a.bytes.equals((b as typeof a).bytes);
    case 'array':
    case 'push': {
      const other = (b as typeof a).items;
      if (a.items.length !== other.length) return false;
      return a.items.every((item, i) => isSame(item, other[i]));
    }
    default:
      return describeReply(a, false) === describeReply(b, false);
  }
}

/** Types whose bytes follow from the value alone: no order that a hash table has, no clock. */
const EXACT_TYPES: readonly number[] = [
  RDB_TYPE.STRING,
  RDB_TYPE.SET_INTSET,
  RDB_TYPE.ZSET_LISTPACK,
  RDB_TYPE.ZSET_2,
];

/** Type and version of what DUMP gave, if its checksum is right; of some types all bytes. */
function payloadFacts(reply: Reply): string {
  if (reply.kind !== 'bulk') return kindOf(reply);
  const { bytes } = reply;
  const end = bytes.length - CRC_BYTES;
  if (!Buffer.from(crc64(bytes, 0, end)).equals(bytes.subarray(end))) return describeReply(reply);
  const type = bytes[0];
  if (EXACT_TYPES.includes(type)) return bytes.toString('latin1');
  return `${type} ${bytes.readUInt16LE(end - 2)}`;
}

/** Null and a value are different kinds of answer; a text may come plain or verbatim. */
function kindOf(reply: Reply): string {
  return reply.kind === 'null' ? `null${reply.form}` : reply.kind;
}

function isNear(a: Reply, b: Reply, tolerance: number): boolean {
  if (a.kind !== 'integer' || b.kind !== 'integer') return isSame(a, b);
  const first = Number(a.value);
  const second = Number(b.value);
  if (first <= 0 || second <= 0) return first === second;
  return Math.abs(first - second) <= tolerance;
}

const STATE_FIELDS = [
  'name',
  'flags',
  'db',
  'sub',
  'psub',
  'multi',
  'cmd',
  'user',
  'redir',
  'resp',
];

function clientState(reply: Reply): string {
  if (reply.kind !== 'bulk' && reply.kind !== 'verbatim') return describeReply(reply);
  const fields = new Map<string, string>();
  for (const part of reply.bytes.toString('latin1').trim().split(' ')) {
    const at = part.indexOf('=');
    fields.set(part.slice(0, at), part.slice(at + 1));
  }
  // CLIENT NO-TOUCH came with 7.2.
  const flags = fields.get('flags')?.replace('T', '') ?? '';
  fields.set('flags', flags === '' ? 'N' : flags);
  return reply.kind + STATE_FIELDS.map((name) => `${name}=${fields.get(name)}`).join(' ');
}

const PROCESS_FACTS = new Set(['version', 'id']);

function helloFacts(reply: Reply): string {
  const pairs: [Reply, Reply][] =
    reply.kind === 'map'
      ? reply.entries
      : reply.kind === 'array'
        ? reply.items.flatMap((item, i, all) => (i % 2 === 0 ? [[item, all[i + 1]]] : []))
        : [];
  const texts = pairs.map(([name, value]) => {
    const isFact = name.kind === 'bulk' && PROCESS_FACTS.has(name.bytes.toString());
    return `${describeReply(name)}=${isFact ? value.kind : describeReply(value)}`;
  });
  return `${reply.kind} ${texts.join(' ')}`;
}

/** Words of COMMAND DOCS after which something stands that is prose, or history. */
const PROSE = new Set(['summary', 'history', 'complexity']);

/** Arguments of a command: when each came is not told. */
function docsFacts(reply: Reply, depth = 0): string {
  const isTold = (name: Reply) => {
    const word = name.kind === 'bulk' ? name.bytes.toString() : '';
    return !PROSE.has(word) && (word !== 'since' || depth < 2);
  };
  if (reply.kind === 'map') {
    const entries = reply.entries.filter(([name]) => isTold(name));
    const texts = entries.map(([name, value]) => describeReply(name) + docsFacts(value, depth + 1));
    return `{${texts.sort().join(' ')}}`;
  }
  if (reply.kind !== 'array' && reply.kind !== 'set') return describeReply(reply);
  const texts: string[] = [];
  for (let i = 0; i < reply.items.length; i++) {
    if (isTold(reply.items[i])) texts.push(docsFacts(reply.items[i], depth + 1));
    else i++;
  }
  return `[${texts.join(' ')}]`;
}

function withoutCommandRules(reply: Reply): string {
  return describeReply(reply).replace(/ ?[+-]@?[a-z][\w|-]*/g, '');
}

const LOG_FIELDS = ['count', 'reason', 'context', 'object', 'username'];

/** Of every entry the fields that tests can know, with their kinds. */
function logFacts(reply: Reply): string {
  if (reply.kind !== 'array') return describeReply(reply);
  return reply.items
    .map((entry) => {
      const flat =
        entry.kind === 'map' ? entry.entries.flat() : entry.kind === 'array' ? entry.items : [];
      const texts = flat.map((item) => describeReply(item));
      const known = LOG_FIELDS.map((field) => texts[texts.findIndex((t) => t.includes(field)) + 1]);
      return [entry.kind, ...known].join(' ');
    })
    .join('\n');
}

function commonNames(reply: Reply): string {
  const items = 'items' in reply ? reply.items : [];
  const names = items.map((item) => (item.kind === 'bulk' ? item.bytes.toString() : '?'));
  return reply.kind + names.filter(isCommandOfBoth).sort().join(' ');
}

/**
 * Replies of a subscriber, for comparison. Two orders are those of a hash table in the server:
 * channels left all at once, and the patterns that match one message. Runs of such replies are
 * sorted; names of channels left apart from the counts beside them.
 */
export function subscriberTexts(replies: readonly Reply[]): string[] {
  const texts: string[] = [];
  let run = null as { key: string; names: string[]; counts: string[] } | null;
  const endRun = () => {
    if (run) texts.push(`${run.key} ${run.names.sort().join(' ')} ${run.counts.sort().join(' ')}`);
    run = null;
  };
  for (const reply of replies) {
    const items = 'items' in reply ? reply.items : [];
    const word = items[0]?.kind === 'bulk' ? items[0].bytes.toString() : '';
    const isLeaving = items.length === 3 && /^[ps]?unsubscribe$/.test(word);
    const isPattern = items.length === 4 && word === 'pmessage';
    const key = isLeaving ? word : `${word} ${items.slice(2).map((item) => describeReply(item))}`;
    if (run?.key !== key) endRun();
    if (!isLeaving && !isPattern) {
      texts.push(describeReply(reply));
      continue;
    }
    run ??= { key, names: [], counts: [] };
    run.names.push(`${reply.kind} ${describeReply(items[1])}`);
    if (isLeaving) run.counts.push(describeReply(items[2]));
  }
  endRun();
  return texts;
}
