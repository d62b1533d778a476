/**
 * A member of ours in a process by itself, driven by lines of JSON: calls come on standard input,
 * answers and what is heard leave on standard output. The first argument holds its options.
 */
import readline from 'node:readline';
import { SILENT_LOGGER } from '../../src/base/logger.ts';
import type { MembershipOptions } from '../../src/cluster/membership/membership.ts';
import { createMembership } from '../../src/cluster/membership/worker/membership-worker.ts';
import { createCounters } from '../../src/observability/metrics/metric-table.ts';
import { createRealWorld } from '../../src/world/real-world.ts';

export interface Call {
  readonly id: number;
  readonly verb: 'members' | 'ask' | 'event' | 'tags' | 'forget' | 'stats' | 'leave' | 'stall';
  readonly name?: string;
  readonly payload?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly ms?: number;
}

const given = JSON.parse(process.argv[2]) as Omit<MembershipOptions, 'tags'> & {
  tags: Record<string, string>;
};
const membership = createMembership({
  world: createRealWorld(),
  logger: SILENT_LOGGER,
  options: { ...given, tags: new Map(Object.entries(given.tags)) },
  counters: createCounters(),
  onFailure: (error) => {
    throw error;
  },
});
membership.listen({
  onMember: () => {},
  onUserEvent: (name, payload) => say({ event: name, payload: textOf(payload) }),
  onQuery: (query) => {
    const answer = `${given.nodeId} heard ${query.name} ${textOf(query.payload)}`;
    query.respond(Buffer.from(answer));
  },
});
await membership.start();
say({ port: membership.port });
for await (const line of readline.createInterface({ input: process.stdin })) {
  const call = JSON.parse(line) as Call;
  say({ id: call.id, result: await answer(call) });
}

async function answer(call: Call): Promise<unknown> {
  const { name = '', payload = '', ms = 0 } = call;
  switch (call.verb) {
    case 'members':
      return membership.members.map((member) => ({
        ...member,
        tags: Object.fromEntries(member.tags),
      }));
    case 'ask': {
      const answers = await membership.ask(name, Buffer.from(payload), ms);
      return Object.fromEntries([...answers].map(([from, bytes]) => [from, textOf(bytes)]));
    }
    case 'event':
      return membership.sendEvent(name, Buffer.from(payload));
    case 'tags':
      return membership.setTags(new Map(Object.entries(call.tags ?? {})));
    case 'forget':
      return membership.forceLeave(name);
    case 'stats':
      return membership.stats;
    case 'leave':
      await membership.leave();
      setImmediate(() => process.exit(0));
      return true;
    case 'stall':
      // The main thread does nothing for so long.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
      return true;
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
