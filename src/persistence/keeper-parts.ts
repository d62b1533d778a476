import type { Configuration } from '../base/configuration.ts';
import type { Logger } from '../base/logger.ts';
import type { World } from '../base/world.ts';
import type { NodeServices } from '../commands/node-services.ts';
import type { Store } from '../engine/store.ts';
import { keyUseOf } from '../rdb/write/write-options.ts';
import type { LogBarrier } from './aof/log-barrier.ts';
import { SnapshotFile } from './snapshot/snapshot-file.ts';
import type { StoreFiles } from './store-files.ts';

/** What keeping one store needs. */
export interface KeeperParts {
  readonly store: Store;
  readonly files: StoreFiles;
  readonly world: World;
  readonly node: NodeServices;
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly barrier: LogBarrier;
}

/** A longer string would hold up everybody while it is compressed. */
const COMPRESSED_BYTES_MAX = 256 * 1024;

/**
 * Freezes the store as it is now, to be written to that path.
 * @throws NodeError when the file cannot be made
 */
export function beginSnapshotFile(
  parts: KeeperParts,
  path: string,
  isLogBase: boolean,
): SnapshotFile {
  const { configuration, node, store, world } = parts;
  const { encoding, persistence } = configuration;
  const functionCodes: Uint8Array[] = [];
  if (store === node.stores.default) {
    for (const { code } of node.scripting.functions.libraries) {
      functionCodes.push(Buffer.from(code, 'latin1'));
    }
  }
  return new SnapshotFile({
    disk: world.disk,
    store,
    path,
    facts: {
      createdS: Math.floor(world.clock.wallMs() / 1000),
      usedMemoryBytes: store.countedBytes(),
      isLogBase,
      functionCodes,
    },
    write: {
      compresses: persistence.compressSnapshots,
      compressedBytesMax: COMPRESSED_BYTES_MAX,
      hasChecksum: configuration.inert['rdbchecksum'] !== 'no',
      use: keyUseOf(store.policy.redisName),
      listNodeSize: encoding.listMaxListpackSize,
      nowMs: node.clock.nowMs,
    },
  });
}
