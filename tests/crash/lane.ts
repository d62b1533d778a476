/**
 * One connection under load, and the reference for all that it wrote. A lane has its databases to
 * itself, so that the order of its writes is known. After a crash what is found must be what the
 * reference holds after every acknowledged step and any number of those that were sent behind them:
 * a prefix of what was sent, never less than was acknowledged, no step by half.
 */
import { describeReply, plainReply, type Reply } from '../../src/testing/reply-decoder.ts';
import type { Draw } from '../../src/testing/seeded.ts';
import { compareImages, type Image, pipeline, readImage } from '../support/keyspace-image.ts';
import { WireClient } from '../support/wire-client.ts';
import { type Command, drawStep, FIELDS_PREFIX, SHADOW_PREFIX, type Step } from './steps.ts';

export interface LanePlace {
  /** '' is the default store. */
  readonly store: string;
  readonly databases: readonly number[];
  /** Numbers of the reference's databases that stand for them. */
  readonly mirrors: readonly number[];
  /** The lane drops its store and creates it anew; these follow its name. */
  readonly createOptions?: readonly string[];
  readonly library: string;
  readonly hasFieldDeadlines: boolean;
}

interface Sent {
  readonly step: Step;
  readonly sentMs: number;
  readonly replies: Reply[];
}

/** What a crash left of a lane. */
export interface LaneFindings {
  readonly problems: readonly string[];
  readonly acknowledgedCount: number;
  /** Sent, not acknowledged. */
  readonly openCount: number;
  /** Of these, how many were found to be done. */
  readonly keptCount: number;
}

const STEPS_AHEAD_MAX = 24;

export class Lane {
  readonly place: LanePlace;
  private readonly draw: Draw;
  private sent: Sent[] = [];
  /** Steps of `sent` whose every reply came. */
  private acknowledgedCount = 0;
  /** Of the reference. */
  private isStoreThere: boolean;

  constructor(place: LanePlace, draw: Draw) {
    this.place = place;
    this.draw = draw;
    this.isStoreThere = place.createOptions === undefined;
  }

  /** Writes until the connection breaks. */
  async run(port: number): Promise<void> {
    const { draw } = this;
    let client: WireClient | null = null;
    try {
      client = await WireClient.connect(port);
      if (this.isStoreThere) await client.call('SELECT', this.nameOf(0));
      for (let isThere = this.isStoreThere, selected = 0; ; ) {
        const from = this.sent.length;
        const batch: Command[] = [];
        for (let count = 1 + draw(STEPS_AHEAD_MAX); count > 0; count--) {
          const step = this.drawNext(isThere);
          if (step.store !== undefined) isThere = step.store === 'create';
          const isElsewhere = step.databaseIndex !== selected;
          selected = step.databaseIndex;
          const select = isElsewhere ? [['SELECT', this.nameOf(selected)]] : [];
          const whole = { ...step, commands: [...select, ...step.commands] };
          batch.push(...whole.commands);
          this.sent.push({ step: whole, sentMs: Date.now(), replies: [] });
          // So that no later step copies a deadline that nobody was told.
          if (step.relative !== undefined) break;
        }
        client.sendCommands(batch);
        for (let i = from; i < this.sent.length; i++) {
          const { step, replies } = this.sent[i];
          while (replies.length < step.commands.length) replies.push((await client.take(1))[0]);
          this.acknowledgedCount++;
        }
      }
    } catch {
      // That it breaks is the point; what had come by then counts.
      const late = client?.takeReady() ?? [];
      for (const entry of this.sent.slice(this.acknowledgedCount)) {
        const wanted = entry.step.commands.length - entry.replies.length;
        entry.replies.push(...late.splice(0, wanted));
        if (entry.replies.length === entry.step.commands.length) this.acknowledgedCount++;
      }
      client?.end();
    }
  }

  private drawNext(isThere: boolean): Step {
    const { createOptions, store, library, databases, hasFieldDeadlines } = this.place;
    if (createOptions !== undefined && !isThere) {
      const create = ['STORE', 'CREATE', store, ...createOptions];
      return { databaseIndex: 0, commands: [create, ['SELECT', store]], store: 'create' };
    }
    if (createOptions !== undefined && this.draw(150) === 0) {
      const commands = [
        ['SELECT', '0'],
        ['STORE', 'DROP', store],
      ];
      return { databaseIndex: 0, commands, store: 'drop' };
    }
    const options = { draw: this.draw, databaseCount: databases.length, library };
    return drawStep({ ...options, hasFieldDeadlines, nowMs: Date.now() });
  }

  /** Brings the reference to what was found, if that can be; else tells what is wrong. */
  async check(server: WireClient, reference: WireClient): Promise<LaneFindings> {
    const problems: string[] = [];
    const { sent, acknowledgedCount } = this;
    for (const entry of sent.slice(0, acknowledgedCount)) {
      problems.push(...(await this.replay(reference, entry, true)));
    }
    const found = await this.imagesOf(server);
    const open = sent.slice(acknowledgedCount);
    let keptCount = 0;
    if (open.length > 0 && isDoneByHalf(open[0])) {
      await this.replay(reference, open[keptCount++], false);
    }
    let differences = await this.differencesTo(server, found, reference);
    const first = differences;
    while (differences.length > 0 && keptCount < open.length) {
      await this.replay(reference, open[keptCount++], false);
      differences = await this.differencesTo(server, found, reference);
    }
    if (differences.length > 0) {
      problems.push(
        `${this.title}: found is not what was acknowledged, nor with any of the ` +
          `${open.length} writes behind it; after what was acknowledged:`,
        ...first,
        '  with all that was sent:',
        ...differences,
      );
    }
    this.sent = [];
    this.acknowledgedCount = 0;
    this.loose.clear();
    return { problems, acknowledgedCount, openCount: open.length, keptCount };
  }

  private get title(): string {
    return `store ${this.place.store || 'default'}, databases ${this.place.databases.join()}`;
  }

  private nameOf(databaseIndex: number): string {
    return this.place.store || String(this.place.databases[databaseIndex]);
  }

  private async replay(
    reference: WireClient,
    { step, sentMs, replies }: Sent,
    isAcknowledged: boolean,
  ): Promise<string[]> {
    const mirror = String(this.place.mirrors[step.databaseIndex]);
    await reference.call('SELECT', mirror);
    if (step.store !== undefined) {
      await reference.call('FLUSHDB');
      this.isStoreThere = step.store === 'create';
      return errorsOf(replies).map((text) => `${this.title}: ${step.store} answers ${text}`);
    }
    if (step.relative !== undefined) {
      const { key, ttlMs } = step.relative;
      // Unacknowledged, it is taken over from what is found: see differencesTo.
      const told = replies.at(-1);
      const deadlineMs = isAcknowledged && told ? Number(plainReply(told)) : sentMs + ttlMs;
      if (deadlineMs >= 0) await reference.call('PEXPIREAT', key, String(deadlineMs));
      if (!isAcknowledged) this.loose.set(`${mirror} ${key}`, sentMs + ttlMs);
      return [];
    }
    const own = step.commands.filter(([name]) => name !== 'SELECT');
    const commands = step.mirrored ?? own;
    const wanted = await pipeline(reference, commands);
    if (!isAcknowledged || step.isTimed) return [];
    const told = replies.slice(step.commands.length - commands.length);
    return commands.flatMap((command, i) => {
      const [ours, theirs] = [describeReply(told[i]), describeReply(wanted[i])];
      if (ours === theirs) return [];
      return [`${this.title}: ${command.join(' ').slice(0, 200)}: ${ours}, should be ${theirs}`];
    });
  }

  /** Deadlines that were counted from a moment nobody was told: key -> the earliest it can be. */
  private readonly loose = new Map<string, number>();

  private async imagesOf(server: WireClient): Promise<Image[] | null> {
    const images: Image[] = [];
    for (let i = 0; i < this.place.databases.length; i++) {
      const reply = await server.call('SELECT', this.nameOf(i));
      if (reply.kind === 'error') return null;
      const image = await readImage(server);
      if (this.place.hasFieldDeadlines) await addFieldDeadlines(server, image);
      images.push(image);
    }
    return images;
  }

  private async differencesTo(
    server: WireClient,
    found: Image[] | null,
    reference: WireClient,
  ): Promise<string[]> {
    if (found === null) return this.isStoreThere ? [`  the store is gone`] : [];
    if (!this.isStoreThere) return ['  the store is there'];
    const lines = this.place.library === '' ? [] : await compareFunctions(server, reference);
    for (const [i, image] of found.entries()) {
      const mirror = this.place.mirrors[i];
      await reference.call('SELECT', String(mirror));
      await this.settleLoose(image, mirror, reference);
      const wanted = await readImage(reference);
      lines.push(...compareImages(wanted, image, { nowMs: Date.now() }).map((line) => `  ${line}`));
    }
    return lines;
  }

  private async settleLoose(found: Image, mirror: number, reference: WireClient): Promise<void> {
    for (const [place, earliestMs] of this.loose) {
      const [number, key] = place.split(' ');
      if (number !== String(mirror)) continue;
      const foundMs = found.get(key)?.deadlineMs ?? -1;
      const isLikely = foundMs >= earliestMs && foundMs <= earliestMs + LOOSE_MS;
      const now = Number(plainReply(await reference.call('PEXPIRETIME', key)));
      // A later step may have set another deadline, or none.
      if (isLikely && now === earliestMs) {
        await reference.call('PEXPIREAT', key, String(foundMs));
      }
    }
  }
}

/** Of the one lane that makes libraries: the last step that was kept may be one. */
async function compareFunctions(server: WireClient, reference: WireClient): Promise<string[]> {
  const [ours, theirs] = await Promise.all(
    [server, reference].map((one) => one.call('FUNCTION', 'LIST', 'WITHCODE')),
  );
  const [found, wanted] = [ours, theirs].map((one) => JSON.stringify(plainReply(one)));
  return found === wanted ? [] : [`  functions are ${found}, should be ${wanted}`];
}

/** From the sending of a command to its being executed. */
const LOOSE_MS = 60_000;

/** As the reference has them: a hash of its own, field and deadline. */
async function addFieldDeadlines(server: WireClient, image: Image): Promise<void> {
  for (const key of [...image.keys()]) {
    if (!key.startsWith(FIELDS_PREFIX)) continue;
    const fields = plainReply(await server.call('HKEYS', key)) as string[];
    const words = ['FIELDS', String(fields.length), ...fields];
    const deadlines = plainReply(await server.call('HPEXPIRETIME', key, ...words)) as number[];
    const pairs = fields.flatMap((field, i) => {
      return Number(deadlines[i]) < 0 ? [] : [JSON.stringify([field, String(deadlines[i])])];
    });
    if (pairs.length === 0) continue;
    const value = JSON.stringify(pairs.sort());
    image.set(SHADOW_PREFIX + key, { type: 'hash', deadlineMs: -1, value });
  }
}

/** The deadline was acknowledged, and the reply that tells it did not come any more. */
function isDoneByHalf({ step, replies }: Sent): boolean {
  return step.relative !== undefined && replies.length === step.commands.length - 1;
}

function errorsOf(replies: readonly Reply[]): string[] {
  return replies.flatMap((reply) => (reply.kind === 'error' ? [reply.text] : []));
}
