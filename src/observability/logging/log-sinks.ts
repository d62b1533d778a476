import { join } from 'node:path';
import type { Configuration } from '../../base/configuration.ts';
import type { World } from '../../base/world.ts';
import { RotatingFile, SingleFile } from './log-file.ts';

/** One place that lines go to. */
export interface LogSink {
  /** What went wrong with the last line, '' when nothing did; it need not be lost. */
  readonly failure: string;
  /** @returns false when the line is lost */
  write(line: string): boolean;
  close(): void;
}

/** All places: the terminal, one file, numbered files of limited size and count. */
export interface LogSinks extends LogSink {
  readonly lostLineCount: number;
}

/**
 * A sink that cannot be written loses its lines, each counted, and takes the next one as soon as it
 * can: logging never stops the node. Files that cannot be opened at start do: NodeError.
 * @param onLost  called for each line that is lost, once a sink
 */
export function openLogSinks(
  world: World,
  configuration: Configuration,
  onLost: () => void,
): LogSinks {
  const { logging, node } = configuration;
  const sinks: LogSink[] = [];
  let lostLineCount = 0;
  if (logging.logFile !== '') sinks.push(new SingleFile(world.disk, logging.logFile));
  if (logging.enableFile) {
    const directory = logging.logDir === '' ? join(node.dataDir, 'logs') : logging.logDir;
    sinks.push(new RotatingFile(world.disk, directory, logging));
  }
  // As with redis-server, a log file takes the place of the terminal.
  if (logging.enableConsole && logging.logFile === '') sinks.push(terminalSink(world, logging));
  return {
    get lostLineCount() {
      return lostLineCount;
    },
    get failure() {
      return sinks.find((sink) => sink.failure !== '')?.failure ?? '';
    },
    write: (line) => {
      let isWhole = true;
      for (const sink of sinks) {
        if (sink.write(line)) continue;
        isWhole = false;
        lostLineCount++;
        onLost();
      }
      return isWhole;
    },
    close: () => {
      for (const sink of sinks.splice(0)) sink.close();
      // Lines after that go to the terminal only.
      if (logging.enableConsole && logging.logFile === '') sinks.push(terminalSink(world, logging));
    },
  };
}

function terminalSink({ host }: World, { output }: Configuration['logging']): LogSink {
  const sink = {
    failure: '',
    write: (line: string) => {
      const isTaken = output === 'stderr' ? host.writeError(line) : host.writeOut(line);
      sink.failure = isTaken ? '' : `Nobody reads ${output}`;
      return isTaken;
    },
    close: () => {},
  };
  return sink;
}
