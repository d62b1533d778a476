/**
 * One seed: a node with random settings takes random changes in several stores, while rewrites and
 * snapshots run, stores are made and dropped, and the disk refuses, fails and dawdles. At a few
 * moments, drawn among all steps of the disk, the power fails (or the process is killed). Each disk
 * that is found then is recovered from, and must hold of each store the state after one of its
 * changes, which is not older than the last one that was acknowledged as synced.
 *
 * What a state is, the node tells: after each change the same client asks for a digest. So a state
 * within a transaction, or one that never was, matches none.
 */
import type { NodeKit } from '../../src/testing/node-kit.ts';
import { type Draw, seededDraws } from '../../src/testing/seeded.ts';
import type { MemoryDisk } from '../../src/world/simulated/memory-disk.ts';
import {
  DATA_DIRECTORY,
  DurableClient,
  isLogged,
  passTime,
  settle,
  startDurableNode,
} from './durable-node.ts';
import { drawUnit } from './random-units.ts';
import { DEFAULT_STORE, StoreRecord, storeState } from './store-record.ts';

const IMAGES_MAX = 4;
const GENERATIONS_MAX = 2;
/** Virtual time in which a node that is in no trouble any more answers all that it was asked. */
const ANSWER_MS_MAX = 120_000;

interface Image {
  readonly disk: MemoryDisk;
  /** Of each store, the oldest state that may be found. */
  readonly oldest: ReadonlyMap<StoreRecord, number>;
  readonly what: string;
  /** As it was found, before the recovery. */
  readonly before: MemoryDisk;
}

export interface RunFacts {
  imageCount: number;
  recordCount: number;
  /** Images in which something unsynced was lost. */
  lostCount: number;
}

type Settings = Record<string, string>;

/** @throws with what was found, when it is not what it must be */
export async function runPowerSeed(seed: number): Promise<RunFacts> {
  const draw = seededDraws(seed);
  const settings = drawSettings(draw);
  const readingMs = draw(2) === 0 ? 0 : 0.01;
  const facts: RunFacts = { imageCount: 0, recordCount: 0, lostCount: 0 };
  try {
    const kit = await startDurableNode({ seed, settings, readingMs });
    const run = new PowerRun({ draw, settings, seed, readingMs, generation: 1 });
    await run.play(kit);
    await run.checkImages(facts);
    return facts;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(`seed ${seed} ${JSON.stringify(settings)}: ${text}`, { cause: error });
  }
}

function drawSettings(draw: Draw): Settings {
  const pick = (...values: string[]): string => values[draw(values.length)];
  return {
    'persistence.sync_policy': pick('always', 'always', 'everysec', 'no'),
    'persistence.strategy': pick('hybrid', 'aof', 'hybrid', 'snapshot'),
    'persistence.save': pick('3600 1', '1 1', '5 10'),
    'persistence.rewrite_min_size': pick('1', '2kb', '64mb'),
    'persistence.rewrite_percentage': pick('10', '100'),
    'persistence.snapshot_preamble': pick('yes', 'yes', 'no'),
    'persistence.retain_logs': pick('0', '1', '2'),
    'persistence.compress': pick('yes', 'no'),
  };
}

interface RunOptions {
  readonly draw: Draw;
  readonly settings: Settings;
  readonly seed: number;
  readonly readingMs: number;
  /** 1: begins with an empty disk; 2: with what the first left when the power failed. */
  readonly generation: number;
}

class PowerRun {
  readonly images: Image[] = [];
  private stores: StoreRecord[] = [];
  private readonly options: RunOptions;
  private readonly imageOdds: number;
  private isTaking = false;

  constructor(options: RunOptions) {
    this.options = options;
    this.imageOdds = 10 + options.draw(150);
  }

  async play(kit: NodeKit): Promise<void> {
    const { draw, settings } = this.options;
    const { disk } = kit.world;
    this.stores = [DEFAULT_STORE, 'side'].map((name) => new StoreRecord(name, kit, settings));
    const toggle = new LogToggle(kit, this.stores);
    await passTime(kit, 1);
    disk.onChange = () => this.maybeTake(disk);
    let endFault: (() => void) | null = null;
    for (let left = 10 + draw(50); left > 0; left--) {
      this.ask(this.stores[draw(3) === 0 ? 1 : 0]);
      if (isLogged(settings) && draw(40) === 0) toggle.turn();
      toggle.look();
      if (endFault === null && draw(20) === 0) endFault = addFault(kit, draw);
      else if (endFault !== null && draw(5) === 0) {
        endFault();
        endFault = null;
      }
      if (draw(3) > 0) await passTime(kit, draw(draw(4) === 0 ? 3000 : 150));
      else if (draw(2) === 0) await settle(kit);
      if (left === 1) this.take(disk);
    }
    endFault?.();
    await this.drain(kit);
    disk.onChange = null;
  }

  private ask(store: StoreRecord): void {
    const { draw } = this.options;
    if (!store.isDefault && draw(6) === 0) store.makeOrDrop();
    else store.sendUnits(Array.from({ length: 1 + draw(4) }, () => drawUnit(draw)));
    if (draw(6) === 0) store.sendUpkeep(draw(5));
  }

  /** Every command is answered in the end, whatever the disk did meanwhile. */
  private async drain(kit: NodeKit): Promise<void> {
    for (let ms = 0; this.stores.some((store) => !store.isAnswered()); ms += 500) {
      await passTime(kit, 500);
      if (ms > ANSWER_MS_MAX) {
        const silent = this.stores.filter((store) => !store.isAnswered());
        throw new Error(`no replies in ${silent.map((store) => store.name).join()}`);
      }
    }
  }

  private maybeTake(disk: MemoryDisk): void {
    if (this.images.length >= IMAGES_MAX || this.options.draw(this.imageOdds) > 0) return;
    this.take(disk);
  }

  private take(disk: MemoryDisk): void {
    if (this.isTaking) return;
    this.isTaking = true;
    const { draw } = this.options;
    const oldest = new Map<StoreRecord, number>();
    const isKilled = draw(5) === 0;
    for (const store of this.stores) {
      oldest.set(store, isKilled ? store.answeredIndex() : store.syncedIndex());
    }
    const seed = draw(1 << 30);
    const what = isKilled ? 'killed' : `power failed ${seed}`;
    const found = isKilled ? disk.copy() : disk.crash(seed);
    this.images.push({ disk: found, oldest, what, before: found.copy() });
    this.isTaking = false;
  }

  async checkImages(facts: RunFacts): Promise<void> {
    for (const store of this.stores) facts.recordCount += store.stateCount;
    for (const [index, image] of this.images.entries()) {
      facts.imageCount++;
      try {
        await this.recover(image, facts);
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        const files = listFiles(image.before).join(' ');
        throw new Error(`image ${index} (${image.what}): ${text}; ${files}`, { cause: error });
      }
    }
  }

  private async recover({ disk, oldest }: Image, facts: RunFacts): Promise<void> {
    const { draw, generation, readingMs, settings } = this.options;
    const seed = this.options.seed + generation;
    const kit = await startDurableNode({ seed, disk, settings, readingMs });
    let isLess = false;
    for (const store of this.stores) {
      const state = await storeState(kit, store.name);
      store.check(state, oldest.get(store) ?? 0);
      if (store.lastState !== state) isLess = true;
    }
    if (isLess) facts.lostCount++;
    if (generation === GENERATIONS_MAX || draw(3) > 0) return;
    // What was recovered is as safe as what is written now, and life goes on.
    const run = new PowerRun({ ...this.options, seed, generation: generation + 1 });
    await run.play(kit);
    await run.checkImages(facts);
  }
}

/**
 * Turns the log off and on by CONFIG SET. While it is off nothing is promised; when it is on again,
 * what WAITAOF says is.
 */
class LogToggle {
  private readonly client: DurableClient;
  private readonly stores: readonly StoreRecord[];
  private isOn = true;
  private seenCount = 0;

  constructor(kit: NodeKit, stores: readonly StoreRecord[]) {
    this.client = new DurableClient(kit);
    this.stores = stores;
  }

  turn(): void {
    if (this.client.read() < this.client.sentCount) return;
    this.isOn = !this.isOn;
    if (!this.isOn) for (const store of this.stores) store.endPromises();
    this.client.send(['CONFIG', 'SET', 'appendonly', this.isOn ? 'yes' : 'no']);
  }

  look(): void {
    if (this.client.read() === this.seenCount) return;
    this.seenCount = this.client.replies.length;
    const isDone = this.client.replies[this.seenCount - 1].kind === 'simple';
    if (!isDone) this.isOn = !this.isOn;
    if (this.isOn) for (const store of this.stores) store.askForPromises();
  }
}

function listFiles(disk: MemoryDisk): string[] {
  const found: string[] = [];
  const waiting = [DATA_DIRECTORY];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const text = disk.readText(path);
    if (text !== null) found.push(`${path}:${text.length}`);
    else if (disk.exists(path)) {
      for (const name of disk.listDirectory(path).reverse()) waiting.push(`${path}/${name}`);
    }
  }
  return found;
}

function addFault(kit: NodeKit, draw: Draw): () => void {
  const { disk } = kit.world;
  switch (draw(5)) {
    case 0:
      return disk.addFault({ code: 'ENOSPC', verbs: ['write'], bytesLeft: draw(2000) });
    case 1:
      return disk.addFault({ code: 'EIO', verbs: ['sync'], callCount: 1 + draw(3) });
    case 2:
      return disk.addFault({ code: 'EROFS' });
    case 3:
      return disk.addFault({ code: 'EIO', verbs: ['rename', 'sync directory'], callCount: 1 });
    default:
      return disk.addFault({ code: '', verbs: ['sync'], delayMs: 1 + draw(3000) });
  }
}
