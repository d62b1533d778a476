import { COMMAND_ROWS } from '../../src/commands/command-table.ts';
import { describeReply, type Reply } from '../../src/testing/reply-decoder.ts';
import type { Draft } from './generator.ts';

export interface AllowedDifference {
  readonly name: string;
  /** Why a user of Redis does not mind. */
  readonly reason: string;
  applies(draft: Draft, oracle: Reply, ours: Reply): boolean;
  /** One of the two has done something that the other has not: both are emptied then. */
  readonly leavesUnequal?: true;
}

/**
 * Where a reply may differ from redis-server 7.0.15, at most 30 rows. What the comparison kinds of
 * the grammar leave out (clocks, cursors, ids, sizes of this very process) is not repeated here.
 */
export const ALLOWED_DIFFERENCES: readonly AllowedDifference[] = [
  {
    name: 'unknown-command',
    reason: 'commands that Redis has and this server does not have yet are refused as unknown',
    applies: (draft, _, ours) =>
      ours.kind === 'error' &&
      ours.text.startsWith('ERR unknown command') &&
      !IMPLEMENTED.has(String(draft.args[0]).toUpperCase()),
  },
  {
    name: 'newer-command',
    reason: 'subcommands of Redis 7.2 that 7.0 refuses as unknown are answered',
    applies: (draft, oracle) =>
      isNewer(draft.name.toLowerCase().replace(' ', '|')) &&
      oracle.kind === 'error' &&
      oracle.text.startsWith('ERR unknown subcommand'),
  },
  {
    name: 'listpack-encoding',
    reason:
      'as in Redis 7.2 small lists and sets are told as listpack (quicklist, hashtable in 7.0)',
    applies: ({ name }, oracle, ours) =>
      name === 'OBJECT ENCODING' &&
      isBulkOf(oracle, ['quicklist', 'hashtable']) &&
      isBulkOf(ours, ['listpack']),
  },
  {
    name: 'argument-trees',
    reason: 'COMMAND DOCS tells the arguments of three CLIENT subcommands in a simpler shape',
    applies: (draft, oracle, ours) =>
      draft.name === 'COMMAND DOCS' &&
      oracle.kind === ours.kind &&
      draft.args.some((arg) => /^client\|(list|kill|no-evict)$/i.test(String(arg))),
  },
  {
    name: 'nan-sign',
    reason:
      'a number that is none has no sign here: scripts show it as -nan, as redis-server does but ' +
      'for one that was negated, or came from acos, asin, log10 or tonumber',
    leavesUnequal: true,
    applies: ({ name }, oracle, ours) =>
      /^(EVAL|FCALL)/.test(name) && withoutNanSign(oracle) === withoutNanSign(ours),
  },
  {
    name: 'stale-errno',
    reason:
      'SORT of redis-server refuses its numbers when an earlier one, of any command, was out of ' +
      'range, and XADD of a full millisecond says what it does not mean: both look at an errno ' +
      'that was not cleared',
    leavesUnequal: true,
    applies: ({ name }, oracle, ours) =>
      oracle.kind === 'error' &&
      (name === 'XADD'
        ? oracle.text === 'ERR Elements are too large to be stored' && ours.kind === 'error'
        : (name === 'SORT' || name === 'SORT_RO') &&
          oracle.text === "ERR One or more scores can't be converted into double" &&
          ours.kind !== 'error'),
  },
  {
    name: 'newer-argument',
    reason:
      'ZRANK and ZREVRANK take WITHSCORE, as in Redis 7.2, SELECT takes the name of a store, and ' +
      'they say so',
    applies: (draft, oracle, ours) =>
      (draft.name === 'COMMAND DOCS' || draft.name === 'COMMAND INFO') &&
      oracle.kind === ours.kind &&
      draft.args.some((arg) => /^(z(rev)?rank|select)$/i.test(String(arg))),
  },
  {
    name: 'equal-until-zero',
    reason: 'SORT ALPHA compares C strings: members of a set alike up to a zero byte lie anyhow',
    applies: ({ name, args }, oracle, ours) =>
      (name === 'SORT' || name === 'SORT_RO') &&
      args.some((arg) => /^alpha$/i.test(String(arg))) &&
      describeReply(oracle).includes('\\u0000') &&
      describeReply(oracle, false) === describeReply(ours, false),
  },
  {
    name: 'rounded-distance',
    reason:
      'glibc misrounds one sine in 700: a distance that STOREDIST made a score may differ in its ' +
      'last bit',
    applies: ({ name }, oracle, ours) =>
      /^(B?Z|GEO|SORT|EVAL|FCALL)/.test(name) && rounded(oracle) === rounded(ours),
  },
  {
    name: 'redaction',
    reason:
      'MONITOR and SLOWLOG hide a password in AUTH and HELLO also when the command is refused',
    applies: ({ name }, oracle, ours) =>
      (name === 'MONITOR' || name === 'SLOWLOG GET') &&
      oracle.kind === 'simple' &&
      ours.kind === 'simple' &&
      isSameButHidden(oracle.text.split('\n'), ours.text.split('\n')),
  },
];

/** The reply with every number of 17 digits cut to 14. */
function rounded(reply: Reply): string {
  return describeReply(reply).replace(/\d+\.\d{8,}/g, (text) => Number(text).toPrecision(14));
}

function isBulkOf(reply: Reply, texts: readonly string[]): boolean {
  return reply.kind === 'bulk' && texts.includes(Buffer.from(reply.bytes).toString('latin1'));
}

function isSameButHidden(theirs: readonly string[], mine: readonly string[]): boolean {
  return (
    theirs.length === mine.length &&
    mine.every((line, i) => line === theirs[i] || /(hello|auth).*\(redacted\)/i.test(line))
  );
}

/** Whether COMMAND LIST of both servers must name it. */
export function isCommandOfBoth(name: string): boolean {
  return IMPLEMENTED.has(name.split('|')[0].toUpperCase()) && !isNewer(name);
}

/** Whether Redis 7.0 has no such command. @param name  such as `client|no-touch` */
export function isNewer(name: string): boolean {
  return NEWER.has(name) || OWN.has(name.split('|')[0]);
}

/** Commands that no Redis has, with their subcommands. */
const OWN: ReadonlySet<string> = new Set(['store', 'stores', 'filter']);

/** What later versions of Redis brought, and what is ours alone. */
const NEWER: ReadonlySet<string> = new Set(
  (
    'client|no-touch client|setinfo client|correlation hexpire hpexpire hexpireat hpexpireat ' +
    'httl hpttl hexpiretime hpexpiretime hpersist hgetdel hgetex hsetex waitaof'
  ).split(' '),
);

/** First words that must be answered; the row above holds for none of them. */
const IMPLEMENTED = new Set([
  ...COMMAND_ROWS.map(({ name }) => name.toUpperCase()),
  'NOSUCHCOMMAND',
]);

function withoutNanSign(reply: Reply): string {
  return describeReply(reply).replaceAll('-nan', 'nan');
}
