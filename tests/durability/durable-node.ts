/** A whole node on a simulated disk, its clients, and what its stores hold. */
import { createNodeKit, type NodeKit } from '../../src/testing/node-kit.ts';
import { type Reply, ReplyDecoder } from '../../src/testing/reply-decoder.ts';
import { MemoryDisk } from '../../src/world/simulated/memory-disk.ts';
import type { SimulatedPeer } from '../../src/world/simulated/memory-socket.ts';

export type Words = readonly (string | number | Buffer)[];

export interface NodeOptions {
  readonly seed: number;
  readonly disk?: MemoryDisk;
  readonly settings: Readonly<Record<string, string>>;
  /** Each reading of the clock takes so long, so that long work is done in slices. */
  readonly readingMs?: number;
}

/** It stopped while it loaded, by itself, and said why. */
export class StartRefusal extends Error {
  override readonly name = 'StartRefusal';
}

/** Virtual time within which a node has read all that lies on its disk. */
const LOADING_MS_MAX = 600_000;

export const DATA_DIRECTORY = '/data';
const STOPPING_MS_MAX = 60_000;

/** @throws when it does not start, or does not come to the end of its loading */
export async function startDurableNode(options: NodeOptions): Promise<NodeKit> {
  const { seed, disk = new MemoryDisk(), readingMs = 0 } = options;
  const settings = {
    'node.data_dir': DATA_DIRECTORY,
    'security.enable_debug_command': 'yes',
    'persistence.enabled': 'yes',
    'persistence.append_only': isLogged(options.settings) ? 'yes' : 'no',
    ...options.settings,
  };
  const kit = await createNodeKit({ seed, disk, settings });
  kit.world.clock.readingMs = readingMs;
  let failure: unknown = null;
  let exitCode = -1;
  kit.node.stopped.then(
    (code) => (exitCode = code),
    (error: unknown) => (failure = error ?? 'no reason'),
  );
  for (let ms = 0; kit.node.services.persistence.isLoading; ms += 10) {
    await passTime(kit, 10);
    if (failure !== null) throw failure;
    if (exitCode !== -1) throw new StartRefusal(kit.complaintTexts.join(', '));
    if (ms > LOADING_MS_MAX) throw new Error('it loads without an end');
  }
  return kit;
}

export function isLogged(settings: Readonly<Record<string, string>>): boolean {
  return settings['persistence.strategy'] !== 'snapshot';
}

export async function stopNode(kit: NodeKit): Promise<void> {
  let isStopped = false;
  const stopping = kit.node.stop().then(() => {
    isStopped = true;
  });
  for (let ms = 0; !isStopped; ms += 100) {
    await passTime(kit, 100);
    if (ms > STOPPING_MS_MAX) throw new Error('it stops without an end');
  }
  await stopping;
}

/** Lets all that is due happen, promises included. */
export async function settle(kit: NodeKit): Promise<void> {
  for (let i = 0; i < 3; i++) {
    kit.world.runUntilIdle();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  kit.world.runUntilIdle();
}

export async function passTime(kit: NodeKit, ms: number): Promise<void> {
  await settle(kit);
  kit.advance(ms);
  await settle(kit);
}

/** A connection that sends commands as arrays and keeps the replies in order. */
export class DurableClient {
  readonly replies: Reply[] = [];
  sentCount = 0;
  private readonly peer: SimulatedPeer;
  private readonly decoder = new ReplyDecoder();

  constructor(kit: NodeKit) {
    this.peer = kit.connect({ fragmentation: 'whole' }).peer;
  }

  send(...commands: readonly Words[]): void {
    this.sentCount += commands.length;
    this.peer.send(Buffer.concat(commands.map(encode)));
  }

  /** Takes what has come by now. @returns how many replies there are in all */
  read(): number {
    this.replies.push(...this.decoder.feed(this.peer.take()));
    return this.replies.length;
  }

  get isClosed(): boolean {
    return this.peer.sawEnd || this.peer.closeCode !== null;
  }
}

/** Sends them, waits for the replies, and tells them as text. */
export async function ask(kit: NodeKit, ...commands: readonly Words[]): Promise<string[]> {
  const client = new DurableClient(kit);
  client.send(...commands);
  for (let round = 0; client.read() < commands.length; round++) {
    if (round === 200) throw new Error(`no reply to ${commands.map(String).join(' | ')}`);
    await passTime(kit, round);
  }
  return client.replies.map(tell);
}

export function tell(reply: Reply): string {
  switch (reply.kind) {
    case 'simple':
    case 'error':
      return reply.text;
    case 'integer':
      return String(reply.value);
    case 'bulk':
      return reply.bytes.toString('latin1');
    case 'null':
      return '(nil)';
    case 'array':
      return `[${reply.items.map(tell).join(' ')}]`;
    default:
      return JSON.stringify(reply);
  }
}

function encode(words: Words): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = Buffer.isBuffer(word) ? word : Buffer.from(String(word));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}
