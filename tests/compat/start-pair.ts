import { type RunningServer, startOurs, startRedis } from '../support/server.ts';

/**
 * At its own rate of 10 redis-server ends each wait for a key up to 100 ms late; no grammar row
 * changes it.
 */
const DEBUG_ARGS = '--enable-debug-command yes --hz 500'.split(' ');
/** Where the two have other defaults, redis-server's hold. */
const OURS_ARGS = [
  ...DEBUG_ARGS,
  ...'--maxmemory 0 --maxmemory-policy noeviction --appendonly no --save'.split(' '),
  '',
];

/** @param isSelf  redis-server against itself: checks the harness */
export async function startPair(
  socketPath: string | undefined,
  isSelf: boolean,
): Promise<{ oracle: RunningServer; ours: RunningServer }> {
  const oracle = await startRedis({ args: DEBUG_ARGS });
  if (isSelf) return { oracle, ours: await startRedis({ args: DEBUG_ARGS }) };
  const socketArgs = socketPath === undefined ? [] : [`--network.socket_path=${socketPath}`];
  try {
    return { oracle, ours: await startOurs({ args: [...OURS_ARGS, ...socketArgs] }) };
  } catch (error) {
    await oracle.stop();
    throw error;
  }
}
