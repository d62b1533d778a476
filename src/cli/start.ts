import { NodeError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { World } from '../base/world.ts';
import { ConfigRegistry } from '../config/config-registry.ts';
import type { Loaded } from '../config/load-configuration.ts';
import { loadConfiguration } from '../config/load-configuration.ts';
import { readStartArguments } from '../config/sources/command-line.ts';
import { describeProblem } from '../config/sources/raw-setting.ts';
import type { NodeStarter, OpenLog, RunningNode } from './node-starter.ts';
import { barOf, ProgressLine } from './terminal/progress-line.ts';

const FAILED = 1;

/**
 * `hypercache [start] [file] [flags]`: runs a node until it is stopped. Whatever keeps it from
 * starting is printed for people on standard error, also where logs go elsewhere.
 * @returns the exit code
 */
export async function runStart(
  args: readonly string[],
  { world, starter }: { world: World; starter: NodeStarter },
): Promise<number> {
  const loaded = await loadConfiguration(world, readStartArguments(args));
  if (loaded.problems.length > 0) {
    for (const problem of loaded.problems) printFatal(world, describeProblem(problem));
    return FAILED;
  }
  let log: OpenLog | null = null;
  try {
    log = starter.openLog({ world, configuration: loaded.configuration });
    return await runNode(loaded, { world, starter, log });
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    printFatal(world, error.message);
    return FAILED;
  } finally {
    await log?.close();
  }
}

interface Running {
  readonly world: World;
  readonly starter: NodeStarter;
  readonly log: OpenLog;
}

async function runNode(loaded: Loaded, { world, starter, log }: Running): Promise<number> {
  const { logger, health: logHealth } = log;
  const { configuration, notices } = loaded;
  const configLogger = logger.child('config');
  for (const notice of notices) configLogger.warn('load', notice);
  const configRegistry = new ConfigRegistry({ ...loaded, disk: world.disk });
  const node = await starter.startNode({
    world,
    configuration,
    configRegistry,
    logger,
    logHealth,
  });
  const removePidFile = writePidFile(loaded, { world, logger });
  showLoading(node, world);
  // What a renewed certificate's deploy hook sends; without TLS it does no harm.
  world.host.onSignal('SIGHUP', () => node.reloadCertificates());
  const code = await Promise.race([node.stopped, stopOnSignals(node, { world, logger })]);
  removePidFile();
  if (node.failure instanceof NodeError) printFatal(world, node.failure.message);
  return code;
}

const PROGRESS_MS = 200;

/** A line on a terminal that is written over until the data is loaded. */
function showLoading(node: RunningNode, { host, timers }: World): void {
  if (!host.isErrorTerminal || node.loadingProgress === null) return;
  const line = new ProgressLine(host);
  const timer = timers.every(PROGRESS_MS, () => {
    const progress = node.loadingProgress;
    if (progress === null) {
      timer.cancel();
      line.clear();
      return;
    }
    line.show(`Loading ${barOf(progress.share)} ${progress.keyCount} keys`);
  });
}

/**
 * The first signal stops the node, which then ends by itself; a second one does not wait.
 * @returns the exit code when it had to be left, else never settles
 */
function stopOnSignals(
  node: RunningNode,
  { world, logger }: { world: World; logger: Logger },
): Promise<number> {
  return new Promise((resolve, reject) => {
    let isStopping = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      world.host.onSignal(signal, () => {
        if (isStopping) {
          logger.warn('stop', 'signal received again: leaving at once', { signal });
          resolve(FAILED);
          return;
        }
        isStopping = true;
        logger.info('stop', 'signal received: stopping', { signal });
        node.stop().catch(reject);
      });
    }
  });
}

/** As redis-server: a file that cannot be written is a warning. @returns what removes it again */
function writePidFile(
  { configuration }: Loaded,
  { world, logger }: { world: World; logger: Logger },
): () => void {
  const path = configuration.node.pidFile;
  if (path === '') return () => {};
  try {
    world.disk.writeFileAtomic(path, Buffer.from(`${world.host.pid}\n`, 'latin1'));
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    logger.warn('pidfile', 'the file of the process id could not be written', { path, error });
    return () => {};
  }
  return () => {
    try {
      world.disk.remove(path);
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      logger.warn('pidfile', 'the file of the process id could not be removed', { path, error });
    }
  };
}

function printFatal(world: World, reason: string): void {
  world.host.writeError(`hypercache: ${reason}\n`);
}
