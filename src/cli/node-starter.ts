import type { Configuration } from '../base/configuration.ts';
import type { Logger, LogHealth } from '../base/logger.ts';
import type { World } from '../base/world.ts';
import type { ConfigRegistry } from '../config/config-registry.ts';

/** What the command needs from the rest of the house; `main.ts` hands it over. */
export interface NodeStarter {
  startNode(options: StartNodeOptions): Promise<RunningNode>;
  openLog(options: { world: World; configuration: Configuration }): OpenLog;
}

export interface StartNodeOptions {
  readonly world: World;
  readonly configuration: Configuration;
  readonly configRegistry: ConfigRegistry;
  readonly logger: Logger;
  readonly logHealth: LogHealth;
}

export interface RunningNode {
  /** The port really bound; 0 when there is none. */
  readonly respPort: number;
  stop(): Promise<void>;
  /** Reads the files of the certificates again. */
  reloadCertificates(): void;
  /** The exit code, once the node has stopped for whatever reason. */
  readonly stopped: Promise<number>;
  /** What made it stop by itself, null when nothing did. */
  readonly failure: unknown;
  /** What of the data on disk is loaded, 0..1, and how many keys that is; null: nothing is. */
  readonly loadingProgress: { readonly share: number; readonly keyCount: number } | null;
}

export interface OpenLog {
  readonly logger: Logger;
  readonly health: LogHealth;
  close(): Promise<void>;
}
