import { globMatches } from '../base/glob.ts';
import type { PubSub, SubscriptionKind } from '../commands/node-services.ts';
import { GATE, type Session, type Subscriptions } from '../commands/session.ts';
import { METRIC } from '../observability/metrics/metric-table.ts';
import { ReplyWriter } from '../protocol/reply-writer.ts';

interface PatternSubscribers {
  readonly bytes: Uint8Array;
  readonly sessions: Set<Session>;
}

/** What one client is subscribed to. Exists only for clients that ever subscribed. */
class SessionSubscriptions implements Subscriptions {
  readonly channels = new Set<string>();
  readonly patterns = new Set<string>();
  readonly shardChannels = new Set<string>();

  get channelCount(): number {
    return this.channels.size;
  }
  get patternCount(): number {
    return this.patterns.size;
  }
  get shardChannelCount(): number {
    return this.shardChannels.size;
  }

  of(kind: SubscriptionKind): Set<string> {
    if (kind === 'channel') return this.channels;
    return kind === 'pattern' ? this.patterns : this.shardChannels;
  }
}

/**
 * Who listens to what. Names are strings of one char per byte: they are made from bytes once per
 * subscription and once per publication. A message is encoded once for each protocol that somebody
 * who hears it speaks, and copied to each connection's outbox.
 */
export class PubSubTable implements PubSub {
  private readonly channelTable = new Map<string, Set<Session>>();
  private readonly shardTable = new Map<string, Set<Session>>();
  private readonly patternTable = new Map<string, PatternSubscribers>();
  heldBytes = 0;
  private readonly counters: Float64Array;
  private readonly name = new NameBytes();
  private readonly encodings = [new ReplyWriter(1024), new ReplyWriter(1024)];

  constructor(counters: Float64Array) {
    this.counters = counters;
    this.encodings[1].protocol = 3;
  }

  get patternCount(): number {
    return this.patternTable.size;
  }
  get channelCount(): number {
    return this.channelTable.size;
  }
  get shardChannelCount(): number {
    return this.shardTable.size;
  }

  publish(
    kind: 'channel' | 'shard',
    channel: string,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): number {
    this.counters[METRIC.pubsubMessages]++;
    let receiverCount = 0;
    const sessions = this.tableOf(kind).get(channel);
    if (sessions !== undefined) {
      this.forgetEncodings();
      for (const session of sessions) {
        const writer = this.encodings[session.protocol - 2];
        if (writer.position === 0) {
          writer.push(3);
          writer.bulkText(kind === 'shard' ? 'smessage' : 'message');
          this.name.write(writer, channel);
          writer.bulk(bytes, offset, length);
        }
        session.channel?.push(writer.bytes, 0, writer.position);
        receiverCount++;
      }
    }
    if (kind === 'channel' && this.patternTable.size > 0) {
      receiverCount += this.publishToPatterns(channel, bytes, offset, length);
    }
    this.counters[METRIC.pubsubDeliveries] += receiverCount;
    return receiverCount;
  }

  subscribe(session: Session, kind: SubscriptionKind, name: string): void {
    session.subscriptions ??= new SessionSubscriptions();
    const names = (session.subscriptions as SessionSubscriptions).of(kind);
    if (names.has(name)) return;
    names.add(name);
    this.heldBytes += name.length + SUBSCRIPTION_BYTES;
    if (kind === 'pattern') {
      const pattern = this.patternTable.get(name);
      if (pattern !== undefined) pattern.sessions.add(session);
      else {
        const bytes = Buffer.from(name, 'latin1');
        this.patternTable.set(name, { bytes, sessions: new Set([session]) });
      }
    } else {
      const table = this.tableOf(kind);
      const sessions = table.get(name);
      if (sessions !== undefined) sessions.add(session);
      else table.set(name, new Set([session]));
    }
    session.gate |= GATE.SUBSCRIBED;
  }

  unsubscribe(session: Session, kind: SubscriptionKind, name: string): boolean {
    const subscriptions = session.subscriptions as SessionSubscriptions | null;
    if (subscriptions === null || !subscriptions.of(kind).delete(name)) return false;
    this.heldBytes -= name.length + SUBSCRIPTION_BYTES;
    if (kind === 'pattern') {
      const sessions = this.patternTable.get(name)?.sessions;
      sessions?.delete(session);
      if (sessions?.size === 0) this.patternTable.delete(name);
    } else {
      const sessions = this.tableOf(kind).get(name);
      sessions?.delete(session);
      if (sessions?.size === 0) this.tableOf(kind).delete(name);
    }
    const { channelCount, patternCount, shardChannelCount } = subscriptions;
    if (channelCount + patternCount + shardChannelCount === 0) session.gate &= ~GATE.SUBSCRIBED;
    return true;
  }

  names(session: Session, kind: SubscriptionKind): string[] {
    const subscriptions = session.subscriptions as SessionSubscriptions | null;
    return subscriptions === null ? [] : [...subscriptions.of(kind)];
  }

  removeAll(session: Session): void {
    for (const kind of KINDS) {
      for (const name of this.names(session, kind)) this.unsubscribe(session, kind, name);
    }
    session.subscriptions = null;
  }

  channels(pattern: Uint8Array | null, kind: 'channel' | 'shard'): string[] {
    const names = [...this.tableOf(kind).keys()];
    if (pattern === null) return names;
    return names.filter((name) => {
      const { bytes, length } = this.name.encode(name);
      return globMatches(pattern, 0, pattern.length, bytes, 0, length);
    });
  }

  subscriberCount(channel: string, kind: 'channel' | 'shard'): number {
    return this.tableOf(kind).get(channel)?.size ?? 0;
  }

  private publishToPatterns(
    channel: string,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): number {
    let receiverCount = 0;
    const name = this.name.encode(channel);
    for (const [text, pattern] of this.patternTable) {
      const { bytes: glob } = pattern;
      if (!globMatches(glob, 0, glob.length, name.bytes, 0, name.length)) continue;
      this.forgetEncodings();
      for (const session of pattern.sessions) {
        const writer = this.encodings[session.protocol - 2];
        if (writer.position === 0) {
          writer.push(4);
          writer.bulkText('pmessage');
          writer.bulk(glob, 0, text.length);
          writer.bulk(name.bytes, 0, name.length);
          writer.bulk(bytes, offset, length);
        }
        session.channel?.push(writer.bytes, 0, writer.position);
        receiverCount++;
      }
    }
    return receiverCount;
  }

  private forgetEncodings(): void {
    this.encodings[0].position = 0;
    this.encodings[1].position = 0;
  }

  private tableOf(kind: 'channel' | 'shard'): Map<string, Set<Session>> {
    return kind === 'channel' ? this.channelTable : this.shardTable;
  }
}

const KINDS = ['channel', 'pattern', 'shard'] as const;
/** What one costs in the tables, beside its name: measured with names of their own. */
const SUBSCRIPTION_BYTES = 230;

/** The bytes of a name, in one reused buffer. */
class NameBytes {
  bytes = Buffer.alloc(256);
  length = 0;

  encode(name: string): this {
    if (name.length > this.bytes.length) this.bytes = Buffer.alloc(name.length * 2);
    this.length = this.bytes.write(name, 'latin1');
    return this;
  }

  write(writer: ReplyWriter, name: string): void {
    this.encode(name);
    writer.bulk(this.bytes, 0, this.length);
  }
}
