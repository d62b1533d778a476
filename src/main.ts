import { runCommandLine } from './cli/run-command-line.ts';
import { startNode } from './node.ts';
import { openLog } from './observability/logging/open-log.ts';
import { commandLineArguments, exitWith } from './world/real/terminal.ts';
import { createRealWorld } from './world/real-world.ts';

/** The `hypercache` command: arguments in, exit code out. */
exitWith(
  await runCommandLine(commandLineArguments(), {
    world: createRealWorld(),
    starter: { startNode, openLog },
  }),
);
