import { type RunningServer, type StartOptions, startOurs } from '../../tests/support/server.ts';

/** Ours without a log or snapshots, as `startRedis` starts redis-server. */
export function startInMemory(options: StartOptions = {}): Promise<RunningServer> {
  return startOurs({ ...options, args: ['--persistence.enabled=no', ...(options.args ?? [])] });
}
