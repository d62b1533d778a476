import type { Configuration } from '../base/configuration.ts';
import { defaultConfiguration } from '../base/configuration.ts';

/**
 * Settings that follow from the one that was just written.
 *
 * redis-server's `port 0` means no TCP port; 0 by our own name means any free one.
 * Persistence can be said in two ways: by profile (enabled, strategy, snapshot_interval) or as
 * redis-server does (appendonly, save). Whichever was said last decides, the other one follows.
 * @param path  of the setting that was just written
 * @param name  as it was written: our path, or redis-server's name for it
 */
export function applyConsequences(configuration: Configuration, path: string, name: string): void {
  switch (path) {
    case 'network.resp_port':
      configuration.network.respEnabled =
        name.includes('.') || configuration.network.respPort !== 0;
      break;
    case 'persistence.enabled':
    case 'persistence.strategy':
    case 'persistence.snapshot_interval':
      followProfile(configuration);
      break;
    case 'persistence.max_log_size':
      configuration.persistence.aofRewriteMinBytes = configuration.persistence.maxLogSizeBytes;
      break;
    case 'persistence.compression_level':
      configuration.persistence.compressSnapshots = configuration.persistence.compressionLevel > 0;
      break;
    case 'persistence.append_only':
    case 'persistence.save':
      followRedis(configuration);
      break;
  }
}

function followProfile({ persistence }: Configuration): void {
  const { enabled, strategy, snapshotIntervalMs } = persistence;
  persistence.appendOnly = enabled && strategy !== 'snapshot';
  if (!enabled || strategy === 'aof') {
    persistence.savePoints = [];
  } else if (snapshotIntervalMs > 0) {
    persistence.savePoints = [{ seconds: Math.ceil(snapshotIntervalMs / 1000), changes: 1 }];
  } else if (persistence.savePoints.length === 0) {
    persistence.savePoints = defaultConfiguration().persistence.savePoints;
  }
}

/**
 * Without log and save points a snapshot that is there is loaded, and SAVE writes one: as with
 * redis-server. So that is no reason to keep nothing at all.
 */
function followRedis({ persistence }: Configuration): void {
  const hasSnapshots = persistence.savePoints.length > 0;
  if (persistence.appendOnly || hasSnapshots) persistence.enabled = true;
  if (!persistence.appendOnly) persistence.strategy = 'snapshot';
  else persistence.strategy = hasSnapshots ? 'hybrid' : 'aof';
}
