import { runCommandLine } from './cli/run-command-line.ts';
import { markOnMainThread } from './world/real/collector.ts';
import { inlineSmallFunctions } from './world/real/compiler.ts';
import { commandLineArguments, exitWith } from './world/real/terminal.ts';
import { createRealWorld } from './world/real-world.ts';

/** The `hypercache` command: arguments in, exit code out. The server is loaded where one starts. */
export async function runMain(): Promise<void> {
  exitWith(
    await runCommandLine(commandLineArguments(), {
      world: createRealWorld(),
      serve: async (args, world) => {
        markOnMainThread();
        inlineSmallFunctions();
        return (await import('./serve.ts')).serve(args, world);
      },
    }),
  );
}
