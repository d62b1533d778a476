/** A whole node that keeps its data on a simulated disk, and can be killed and started again. */
import type { MemoryDisk } from '../world/simulated/memory-disk.ts';
import { createNodeKit, type KitClient, type NodeKit } from './node-kit.ts';

const STEP_MS = 10;
const WAIT_MS_MAX = 600_000;
const FIRST_PID = 4242;

export class KeptNode {
  readonly kit: NodeKit;
  readonly client: KitClient;
  /** Each start is another process. */
  private static startCount = 0;
  private readonly settings: Readonly<Record<string, string>>;

  private constructor(kit: NodeKit, settings: Readonly<Record<string, string>>) {
    this.kit = kit;
    this.settings = settings;
    this.client = kit.connect();
  }

  /**
   * Starts it and waits until all is loaded.
   * @throws what kept it from starting, or from loading
   */
  static async start(
    settings: Readonly<Record<string, string>> = {},
    disk?: MemoryDisk,
  ): Promise<KeptNode> {
    const node = await KeptNode.begin(settings, disk);
    await node.until('loading to end', () => !node.isLoading || node.kit.node.isStopping);
    if (node.kit.node.failure !== null) throw node.kit.node.failure;
    return node;
  }

  /** Starts it; it may be loading. */
  static async begin(
    settings: Readonly<Record<string, string>> = {},
    disk?: MemoryDisk,
  ): Promise<KeptNode> {
    const usual = {
      'node.data_dir': '/data',
      'persistence.append_only': 'yes',
      'security.enable_debug_command': 'yes',
    };
    const all = { ...usual, ...settings };
    const seed = ++KeptNode.startCount;
    const options = disk === undefined ? { settings: all } : { settings: all, disk, seed };
    return new KeptNode(await createNodeKit(options), settings);
  }

  /** Of the process that is started next on a disk that was left. */
  static get nextPid(): number {
    return FIRST_PID + KeptNode.startCount + 1;
  }

  get disk(): MemoryDisk {
    return this.kit.world.disk;
  }

  get isLoading(): boolean {
    return this.kit.node.services.persistence.isLoading;
  }

  /** The process is killed, and another started on what it had handed to the system. */
  restart(settings = this.settings): Promise<KeptNode> {
    return KeptNode.start(settings, this.disk.copy());
  }

  /** Inline commands; their replies when all that is due has happened, promises included. */
  async ask(...lines: string[]): Promise<string> {
    this.client.send(...lines);
    await this.settle();
    return this.client.take();
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 4; turn++) {
      this.kit.world.runUntilIdle();
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    this.kit.world.runUntilIdle();
  }

  async pass(ms: number): Promise<void> {
    await this.settle();
    this.kit.advance(ms);
    await this.settle();
  }

  /** Lets virtual time pass until that is so. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    await this.settle();
    for (let ms = 0; !isSo(); ms += STEP_MS) {
      if (ms > WAIT_MS_MAX) throw new Error(`waited in vain for ${what}`);
      await this.pass(STEP_MS);
    }
  }

  /** Snapshots and rewrites have ended. */
  async untilIdle(): Promise<void> {
    const { persistence, stores } = this.kit.node.services;
    await this.until('snapshots and rewrites to end', () =>
      stores.all.every((store) => {
        const { log, snapshot } = persistence.factsOf(store);
        return !log.isRewriting && !log.isRewriteScheduled && !snapshot.isRunning;
      }),
    );
  }

  /** @returns the exit code */
  async stop(): Promise<number> {
    const { node } = this.kit;
    void node.stop();
    let code: number | null = null;
    void node.stopped.then((exitCode) => {
      code = exitCode;
    });
    await this.until('the node to stop', () => code !== null);
    return code ?? -1;
  }

  /** Names of files below the data directory, sorted. */
  files(directory = '/data'): string[] {
    const found: string[] = [];
    if (!this.disk.exists(directory)) return found;
    for (const name of this.disk.listDirectory(directory)) {
      const path = `${directory}/${name}`;
      if (this.isDirectory(path)) found.push(...this.files(path));
      else found.push(path);
    }
    return found.sort();
  }

  private isDirectory(path: string): boolean {
    try {
      this.disk.listDirectory(path);
      return true;
    } catch {
      return false;
    }
  }
}
