import type { Configuration } from '../base/configuration.ts';
import type { Frame } from '../base/frame.ts';
import { SILENT_LOGGER } from '../base/logger.ts';
import { executeCommand } from '../commands/execute-command.ts';
import type { Session } from '../commands/session.ts';
import { ConfigRegistry } from '../config/config-registry.ts';
import { settleConfiguration } from '../config/settle-configuration.ts';
import { type RunningNode, startNode } from '../node.ts';
import { ReplyWriter } from '../protocol/reply-writer.ts';
import { createSimulatedWorld, type SimulatedWorld } from '../world/simulated/simulated-world.ts';
import { effectRecorder, frameOf, type RecordedEffect } from './engine-fixture.ts';
import { plainReply, type Reply, ReplyDecoder } from './reply-decoder.ts';

/** A whole node on a simulated world, without a port, and one session that talks to its door. */
export interface CommandKit {
  readonly world: SimulatedWorld;
  readonly node: RunningNode;
  readonly session: Session;
  /** Every change since the start or the last `takeEffects`. */
  readonly effects: RecordedEffect[];
  /** Runs a command as the session; the reply as it was on the wire. */
  run(...args: (string | Uint8Array | number)[]): Reply;
  /** The same as plain JavaScript values; errors as text with a leading `-`. */
  ask(...args: (string | Uint8Array | number)[]): unknown;
  /** Effects as lines of text, and forgets them. */
  takeEffects(): string[];
  /** Moves the time, runs what it makes due, and lets the next command see it. */
  advance(ms: number): void;
  /** Another client of the same node. */
  openSession(): Session;
  runAs(session: Session, ...args: (string | Uint8Array | number)[]): Reply;
}

/**
 * @param options.records    false: nobody reads the changes, as without journal or replicas
 * @param options.configure  changes the settings before the start
 */
export async function createCommandKit(
  seed = 1,
  options: { records: boolean; configure?: (configuration: Configuration) => void } = {
    records: true,
  },
): Promise<CommandKit> {
  const world = createSimulatedWorld(seed);
  const settled = settleConfiguration({
    habit: 'hypercache',
    sources: [],
    memoryBytesTotal: world.host.memoryBytesTotal,
    workingDirectory: '/',
  });
  const { configuration } = settled;
  configuration.network.respEnabled = false;
  configuration.http.enabled = false;
  configuration.cluster.enabled = false;
  // Nobody reads the changes unless a test does.
  configuration.persistence.appendOnly = false;
  options.configure?.(configuration);
  const configRegistry = new ConfigRegistry({ ...settled, file: null, disk: world.disk });
  const node = await startNode({ world, configuration, configRegistry, logger: SILENT_LOGGER });
  const { services } = node;
  const [store] = services.stores;
  const effects: RecordedEffect[] = [];
  if (options.records) store.sink.attach(effectRecorder(effects));
  const openSession = (): Session => {
    return node.openSession(null);
  };
  const writers = [new ReplyWriter()];
  const runAs = (session: Session, ...args: (string | Uint8Array | number)[]): Reply => {
    services.clock.refresh();
    const frame = frameOf(...args.map((arg) => (typeof arg === 'number' ? `${arg}` : arg)));
    // What hears of a change may run a command in the midst of another.
    const writer = writers.pop() ?? new ReplyWriter();
    const reply = runOnce(session, frame, writer);
    writers.push(writer);
    return reply;
  };
  const session = openSession();
  const run = (...args: (string | Uint8Array | number)[]): Reply => runAs(session, ...args);
  return {
    world,
    node,
    session,
    effects,
    run,
    ask: (...args) => plainReply(run(...args)),
    takeEffects: () => effects.splice(0).map((effect) => effect.args.join(' ')),
    advance(ms) {
      world.advance(ms);
      services.clock.refresh();
    },
    openSession,
    runAs,
  };
}

function runOnce(session: Session, frame: Frame, writer: ReplyWriter): Reply {
  writer.reset();
  writer.errorCount = 0;
  writer.protocol = session.protocol;
  executeCommand(session, frame, writer);
  const decoder = new ReplyDecoder(writer.position);
  const [reply] = decoder.feed(writer.bytes.subarray(0, writer.position));
  if (reply === undefined) throw new Error('the command wrote no reply');
  return reply;
}
