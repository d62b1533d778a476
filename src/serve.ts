import type { World } from './base/world.ts';
import { runStart } from './cli/start.ts';
import { startNode } from './node.ts';
import { openLog } from './observability/logging/open-log.ts';

/** What `hypercache start` needs, in one module, so that one bundled file holds it. */
export function serve(args: readonly string[], world: World): Promise<number> {
  return runStart(args, { world, starter: { startNode, openLog } });
}
