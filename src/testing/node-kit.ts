import type { LogFacts, Logger } from '../base/logger.ts';
import { ConfigRegistry } from '../config/config-registry.ts';
import { settleConfiguration } from '../config/settle-configuration.ts';
import { emptySource } from '../config/sources/raw-setting.ts';
import { type RunningNode, startNode } from '../node.ts';
import type { MemoryDisk } from '../world/simulated/memory-disk.ts';
import type { PeerOptions, SimulatedPeer } from '../world/simulated/memory-socket.ts';
import { createSimulatedWorld, type SimulatedWorld } from '../world/simulated/simulated-world.ts';

/** A whole node with a port on a simulated world, and clients that speak to it in bytes. */
export interface NodeKit {
  readonly world: SimulatedWorld;
  readonly node: RunningNode;
  /** Actions logged at warn and error, in order. */
  readonly complaints: string[];
  /** The same with their messages. */
  readonly complaintTexts: string[];
  /** Facts of the audit lines. */
  readonly audits: LogFacts[];
  connect(options?: PeerOptions): KitClient;
  /** Lets all that is due happen, then moves the time. */
  advance(ms: number): void;
  /** CONFIG SET, as the registry does it. */
  configure(name: string, value: string): void;
}

export class KitClient {
  readonly peer: SimulatedPeer;
  private readonly world: SimulatedWorld;

  constructor(world: SimulatedWorld, peer: SimulatedPeer) {
    this.world = world;
    this.peer = peer;
  }

  /** Sends lines as inline commands; what comes back is told by `take`. */
  send(...lines: string[]): void {
    this.peer.send(Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1'));
  }

  /** Sends lines, lets everything happen, and takes all that came back. */
  ask(...lines: string[]): string {
    this.send(...lines);
    this.world.runUntilIdle();
    return this.peer.takeText();
  }

  /** What came since it was last asked. */
  take(): string {
    this.world.runUntilIdle();
    return this.peer.takeText();
  }

  get isClosed(): boolean {
    this.world.runUntilIdle();
    return this.peer.sawEnd;
  }
}

/**
 * @param options.settings  by path, such as `network.max_clients`
 * @param options.stores    entries of `stores:`
 * @param options.disk      what is found on the machine
 * @param options.world     of a fabric: seed and disk are its own
 */
export async function createNodeKit(
  options: {
    seed?: number;
    settings?: Record<string, string>;
    stores?: readonly Readonly<Record<string, string>>[];
    disk?: MemoryDisk;
    world?: SimulatedWorld;
  } = {},
): Promise<NodeKit> {
  const { disk, seed = 1 } = options;
  const world = options.world ?? createSimulatedWorld(seed, disk);
  // Who left the disk is gone: this is another process.
  if (disk !== undefined) world.host.pid += seed;
  const source = emptySource();
  const quiet = {
    'network.resp_bind_addr': '127.0.0.1',
    'http.enabled': 'no',
    'cluster.enabled': 'no',
    // Nobody reads the changes unless a test does.
    'persistence.append_only': 'no',
  };
  const settings = { ...quiet, ...options.settings };
  for (const [name, value] of Object.entries(settings)) {
    const common = { form: 'path', isList: false, source: 'command line', where: name } as const;
    source.settings.push({ name, words: [value], ...common });
  }
  for (const store of options.stores ?? []) {
    const common = { form: 'path', isList: false, source: 'file', where: 'stores' } as const;
    const fields = Object.entries(store).map(([name, text]) => ({
      name,
      words: [text],
      ...common,
    }));
    source.stores.push({ fields, where: 'stores' });
  }
  const settled = settleConfiguration({
    habit: 'hypercache',
    sources: [source],
    memoryBytesTotal: world.host.memoryBytesTotal,
    workingDirectory: '/',
  });
  if (settled.problems.length > 0) throw new Error(settled.problems[0].reason);
  const { configuration } = settled;
  const configRegistry = new ConfigRegistry({ ...settled, file: null, disk: world.disk });
  const complaints: string[] = [];
  const complaintTexts: string[] = [];
  const audits: LogFacts[] = [];
  const logger = kitLogger({ complaints, complaintTexts, audits });
  const node = await startNode({ world, configuration, configRegistry, logger });
  return {
    world,
    node,
    complaints,
    complaintTexts,
    audits,
    connect: (peer = {}) => new KitClient(world, world.connect(node.respPort, peer)),
    advance: (ms) => world.advance(ms),
    configure: (name, value) => {
      const refusal = configRegistry.set([[name, value]]);
      if (refusal !== null) throw new Error(refusal);
    },
  };
}

function kitLogger({
  audits,
  complaints,
  complaintTexts,
}: Pick<NodeKit, 'audits' | 'complaints' | 'complaintTexts'>): Logger {
  const note = (action: string, message: string, facts?: object): void => {
    complaints.push(action);
    complaintTexts.push(`${action}: ${message} ${JSON.stringify(facts ?? {})}`);
  };
  const logger: Logger = {
    debug: () => {},
    info: () => {},
    warn: note,
    error: note,
    isDebug: () => false,
    child: (component) => (component === 'audit' ? auditLogger : logger),
  };
  const auditLogger: Logger = {
    ...logger,
    info: (_action, _message, facts = {}) => audits.push(facts),
  };
  return logger;
}
