/**
 * Keys of configuration files written for the Go original, and of its README, that have another
 * name here or none. The original ignored most of the latter too.
 */
const RENAMED: Readonly<Record<string, string>> = {
  'node.bind_addr': 'network.resp_bind_addr',
  'storage.data_dir': 'node.data_dir',
  'logging.file': 'logging.log_file',
  'persistence.fsync': 'persistence.sync_policy',
  'persistence.compression': 'persistence.compress',
  'persistence.enable_aof': 'persistence.append_only',
  'network.bind_addr': 'network.resp_bind_addr',
  'network.port': 'network.resp_port',
};

const WITHOUT_MEANING: ReadonlySet<string> = new Set([
  'node.protocol',
  'logging.buffer_size',
  'persistence.batch_size',
  'persistence.sync_interval',
]);

/** @returns our path for a key of the original, or null */
export function findRenamed(path: string): string | null {
  return Object.hasOwn(RENAMED, path) ? RENAMED[path]! : null;
}

/** True for a key of the original that is accepted, with one warning, and does nothing. */
export function isWithoutMeaning(path: string): boolean {
  return WITHOUT_MEANING.has(path) || (path.startsWith('storage.') && findRenamed(path) === null);
}
