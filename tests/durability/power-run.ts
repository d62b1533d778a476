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
import { ask, DATA_DIRECTORY, passTime, settle, startDurableNode } from './durable-node.ts';
import { drawUnit } from './random-units.ts';
import { DEFAULT_STORE, NO_STORE, StoreRecord, storeState } from './store-record.ts';

const IMAGES_MAX = 4;
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
  const run = new PowerRun(draw, settings, seed);
  try {
    await run.play();
    return await run.checkImages();
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

class PowerRun {
  readonly images: Image[] = [];
  private stores: StoreRecord[] = [];
  private readonly draw: Draw;
  private readonly settings: Settings;
  private readonly seed: number;
  private readonly readingMs: number;
  private readonly imageOdds: number;
  private isTaking = false;

  constructor(draw: Draw, settings: Settings, seed: number) {
    this.draw = draw;
    this.settings = settings;
    this.seed = seed;
    this.readingMs = draw(2) === 0 ? 0 : 0.01;
    this.imageOdds = 10 + draw(150);
  }

  async play(): Promise<void> {
    const { draw, settings, seed, readingMs } = this;
    const kit = await startDurableNode({ seed, settings, readingMs });
    const { disk } = kit.world;
    this.stores = [DEFAULT_STORE, 'side'].map((name) => new StoreRecord(name, kit, settings));
    disk.onChange = () => this.maybeTake(disk);
    let endFault: (() => void) | null = null;
    for (let left = 10 + draw(50); left > 0; left--) {
      const store = this.stores[draw(3) === 0 ? 1 : 0];
      const isLast = left === 1;
      if (!store.isDefault && draw(6) === 0) store.makeOrDrop();
      else store.sendUnits(Array.from({ length: 1 + draw(4) }, () => drawUnit(draw)));
      if (draw(6) === 0) store.sendUpkeep(draw(5));
      if (endFault === null && draw(20) === 0) endFault = addFault(kit, draw);
      else if (endFault !== null && draw(5) === 0) {
        endFault();
        endFault = null;
      }
      if (draw(3) > 0) await passTime(kit, draw(draw(4) === 0 ? 3000 : 150));
      else if (draw(2) === 0) await settle(kit);
      if (isLast) this.take(disk);
    }
    endFault?.();
    await this.drain(kit);
    disk.onChange = null;
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
    if (this.images.length < IMAGES_MAX && this.draw(this.imageOdds) === 0) this.take(disk);
  }

  private take(disk: MemoryDisk): void {
    if (this.isTaking) return;
    this.isTaking = true;
    const { draw } = this;
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

  async checkImages(): Promise<RunFacts> {
    const facts = { imageCount: this.images.length, recordCount: 0, lostCount: 0 };
    for (const store of this.stores) facts.recordCount += store.stateCount;
    for (const [index, image] of this.images.entries()) {
      try {
        if (await this.recover(image)) facts.lostCount++;
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        const files = listFiles(image.before).join(' ');
        throw new Error(`image ${index} (${image.what}): ${text}; ${files}`, { cause: error });
      }
    }
    return facts;
  }

  /** @returns whether something was lost */
  private async recover({ disk, oldest }: Image): Promise<boolean> {
    const { settings, readingMs, draw } = this;
    const kit = await startDurableNode({ seed: this.seed + 1, disk, settings, readingMs });
    let isLess = false;
    const found = new Map<StoreRecord, string>();
    for (const store of this.stores) {
      const state = await storeState(kit, store.name);
      store.check(state, oldest.get(store) ?? 0);
      found.set(store, state);
      if (store.lastState !== state) isLess = true;
    }
    // What was recovered is as safe as what is written now; and it can be written to.
    if (draw(3) === 0) {
      for (const store of this.stores) {
        if (found.get(store) === NO_STORE) continue;
        await ask(kit, ['SELECT', store.name], ['SET', 'after', 'the failure']);
        await passTime(kit, 1500);
        if (settings['persistence.strategy'] === 'snapshot') {
          const [, saved] = await ask(kit, ['SELECT', store.name], ['SAVE']);
          if (saved !== 'OK') throw new Error(`SAVE in ${store.name}: ${saved}`);
        } else {
          const [, safe] = await ask(kit, ['SELECT', store.name], ['WAITAOF', 1, 0, 0]);
          if (safe !== '[1 0]') throw new Error(`WAITAOF in ${store.name}: ${safe}`);
        }
        found.set(store, await storeState(kit, store.name));
      }
      const again = kit.world.disk.crash(draw(1 << 30));
      const second = await startDurableNode({ seed: this.seed + 2, disk: again, settings });
      for (const store of this.stores) {
        const state = await storeState(second, store.name);
        if (state === found.get(store)) continue;
        throw new Error(`${store.name} after a second failure: ${state}, not ${found.get(store)}`);
      }
    }
    return isLess;
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
