import { NodeError } from '../../base/errors.ts';
import type { ToolRun } from '../tool-arguments.ts';
import { type LocalNode, lives } from './local-nodes.ts';

const LOOK_EVERY_MS = 50;
/** Beyond what the node itself waits for its clients. */
const PATIENCE_MS = 20_000;

export type StopOutcome = 'stopped' | 'killed' | 'was not running';

/**
 * SIGTERM: it hands over, answers what has arrived and closes. One that does not come to its end
 * is killed.
 */
export async function stopNode(tool: ToolRun, { record }: LocalNode): Promise<StopOutcome> {
  const { configuration, world } = tool;
  if (record === null || !lives(world, record)) return 'was not running';
  const { processes } = world.host;
  processes.signal(record.pid, 'SIGTERM');
  const waitMs = configuration.node.shutdownTimeoutS * 1000 + PATIENCE_MS;
  if (await isGone(waitMs)) return 'stopped';
  processes.signal(record.pid, 'SIGKILL');
  if (await isGone(PATIENCE_MS)) return 'killed';
  const { pid } = record;
  throw new NodeError('PROCESS_REFUSED', `Process ${pid} does not end, killed or not`, { pid });

  async function isGone(withinMs: number): Promise<boolean> {
    const deadlineMs = world.clock.monotonicMs() + withinMs;
    while (lives(world, record!)) {
      if (world.clock.monotonicMs() >= deadlineMs) return false;
      await processes.pause(LOOK_EVERY_MS);
    }
    return true;
  }
}
