import { describeReply, type Reply } from '../../src/testing/reply-decoder.ts';
import { ALLOWED_DIFFERENCES } from './allowed-differences.ts';
import { repliesAgree, subscriberTexts } from './compare.ts';
import { commandText, cut, type Draft } from './generator.ts';
import { infoDifference } from './info-fields.ts';
import type { Exchange } from './paired-client.ts';

const HISTORY_MAX = 4_000;
const CONTEXT_MAX = 8;

export interface Mismatch {
  readonly commandIndex: number;
  readonly client: string;
  readonly command: string;
  readonly name: string;
  readonly oracle: string;
  readonly ours: string;
  readonly context: readonly string[];
}

/** Holds replies against each other and remembers what led to a difference. */
export class Judge {
  readonly mismatches: Mismatch[] = [];
  readonly allowedCounts = new Map<string, number>();
  readonly labelCounts = new Map<string, number>();
  commandCount = 0;
  replyCount = 0;
  errorCount = 0;
  /** What was allowed has left the two servers unequal; nothing is judged until `forget`. */
  isUnequal = false;
  private history: { client: string; draft: Draft }[] = [];
  private queues = new Map<string, Draft[]>();

  /** Differences before this point explain nothing any more: both servers were emptied. */
  forget(): void {
    this.history = [];
    this.queues.clear();
    this.isUnequal = false;
  }

  judge(client: string, batch: readonly Draft[], exchange: Exchange): void {
    const answered = batch.filter((draft) => !draft.isSilent);
    const { oracle, ours } = exchange;
    let at = 0;
    for (const draft of batch) {
      this.count(client, draft);
      if (draft.isSilent) continue;
      if (at < oracle.length && at < ours.length) {
        this.judgeOne(client, draft, oracle[at], ours[at]);
      }
      at++;
    }
    if (oracle.length === answered.length && ours.length === answered.length) return;
    const last = batch[batch.length - 1];
    const counts = { kind: 'simple', text: `${answered.length} replies expected` } as const;
    this.note(client, last, `${oracle.length} replies`, `${ours.length} replies; ${counts.text}`);
  }

  /** A subscriber's stream, which has no reply per command. */
  judgeStream(client: string, batch: readonly Draft[], exchange: Exchange): void {
    for (const draft of batch) this.count(client, draft);
    for (const reply of exchange.oracle) this.countReply(reply);
    const oracle = subscriberTexts(exchange.oracle);
    const ours = subscriberTexts(exchange.ours);
    const at = oracle.findIndex((text, i) => text !== ours[i]);
    const first = at < 0 && ours.length > oracle.length ? oracle.length : at;
    if (first < 0) return;
    const draft = batch[batch.length - 1] ?? NOTHING;
    this.note(client, draft, oracle[first] ?? 'nothing', ours[first] ?? 'nothing');
  }

  note(client: string, draft: Draft, oracle: string, ours: string): void {
    this.mismatches.push({
      commandIndex: this.commandCount,
      client,
      command: commandText(draft),
      name: draft.name,
      oracle: cut(oracle),
      ours: cut(ours, 3_000),
      context: this.contextOf(client, draft),
    });
  }

  private judgeOne(client: string, draft: Draft, oracle: Reply, ours: Reply): void {
    this.countReply(oracle);
    const word = String(draft.args[0]).toUpperCase();
    const queue = this.queues.get(client);
    if (word === 'MULTI' && oracle.kind === 'simple') this.queues.set(client, []);
    else if (oracle.kind === 'simple' && oracle.text === 'QUEUED') queue?.push(draft);
    else if (word === 'EXEC' && queue && oracle.kind === 'array' && ours.kind === 'array') {
      this.queues.delete(client);
      this.judgeTransaction(client, queue, oracle.items, ours.items);
      return;
    } else if (word === 'EXEC' || word === 'DISCARD' || word === 'RESET') {
      this.queues.delete(client);
    }
    this.judgePair(client, draft, oracle, ours);
  }

  private judgeTransaction(
    client: string,
    queue: readonly Draft[],
    oracle: readonly Reply[],
    ours: readonly Reply[],
  ): void {
    if (oracle.length !== ours.length) {
      this.note(client, queue[0] ?? NOTHING, `${oracle.length} in EXEC`, `${ours.length} in EXEC`);
      return;
    }
    for (let i = 0; i < oracle.length; i++) {
      this.countReply(oracle[i]);
      this.judgePair(client, queue[i] ?? NOTHING, oracle[i], ours[i]);
    }
  }

  private judgePair(client: string, draft: Draft, oracle: Reply, ours: Reply): void {
    if (this.isUnequal || repliesAgree(oracle, ours, draft.comparison)) return;
    const allowed = ALLOWED_DIFFERENCES.find((row) => row.applies(draft, oracle, ours));
    if (allowed) {
      this.allowedCounts.set(allowed.name, (this.allowedCounts.get(allowed.name) ?? 0) + 1);
      if (allowed.leavesUnequal) this.isUnequal = true;
      return;
    }
    const difference = draft.comparison === 'info' ? infoDifference(oracle, ours) : '';
    this.note(client, draft, describeReply(oracle), difference || describeReply(ours));
  }

  private count(client: string, draft: Draft): void {
    this.commandCount++;
    for (const label of draft.labels) {
      this.labelCounts.set(label, (this.labelCounts.get(label) ?? 0) + 1);
    }
    this.history.push({ client, draft });
    if (this.history.length > HISTORY_MAX) this.history.splice(0, HISTORY_MAX / 2);
  }

  private countReply(reply: Reply): void {
    this.replyCount++;
    if (reply.kind === 'error') this.errorCount++;
  }

  /**
   * What may have led here, oldest first: the last commands that named one of the same arguments,
   * or, for a command about the connection, the last on it that change what a connection is.
   */
  private contextOf(client: string, draft: Draft): string[] {
    const words = new Set(draft.args.slice(1).map(String));
    const isAboutConnection = CONNECTION_WORDS.has(firstWord(draft));
    const found: string[] = [];
    for (let i = this.history.length - 1; i >= 0 && found.length < CONTEXT_MAX; i--) {
      const entry = this.history[i];
      if (entry.draft === draft) continue;
      const isNear = isAboutConnection
        ? entry.client === client && CONNECTION_WORDS.has(firstWord(entry.draft))
        : words.size === 0 || entry.draft.args.slice(1).some((arg) => words.has(String(arg)));
      if (isNear) found.unshift(`${entry.client}: ${commandText(entry.draft)}`);
    }
    return found;
  }
}

function firstWord(draft: Draft): string {
  return String(draft.args[0]).toUpperCase();
}

const CONNECTION_WORDS = new Set(
  'CLIENT HELLO RESET SELECT AUTH MULTI EXEC DISCARD WATCH UNWATCH'.split(' '),
);

const NOTHING = {
  name: '',
  args: [],
  labels: [],
  comparison: 'exact',
  isSilent: false,
} as unknown as Draft;
