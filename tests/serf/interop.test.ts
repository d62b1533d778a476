/** Three agents of HashiCorp's Serf and three members of ours are one cluster. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { skipWithout, waitFor } from '../support/server.ts';
import { type Agent, type OurMember, startAgent, startMember, waitForStatus } from './serf-kit.ts';

const skip = skipWithout('serf');
const KEY = randomBytes(32).toString('base64');
const NAMES = ['agent-1', 'agent-2', 'agent-3', 'ours-1', 'ours-2', 'ours-3'];

let agents: Agent[] = [];
let ours: OurMember[] = [];

before(async () => {
  if (skip !== false) return;
  const first = await startAgent('agent-1', { key: KEY, tags: { role: 'web' } });
  const joins = first.port;
  const member = await startMember('ours-1', { key: KEY, joins, tags: { resp: '8080' } });
  const [agent2, agent3, ours2, ours3] = await Promise.all([
    startAgent('agent-2', { key: KEY, joins: member.port }),
    startAgent('agent-3', { key: KEY, joins }),
    startMember('ours-2', { key: KEY, joins }),
    startMember('ours-3', { key: KEY, joins: member.port }),
  ]);
  agents = [first, agent2, agent3];
  ours = [member, ours2, ours3];
});

after(async () => {
  await Promise.all([...agents, ...ours].map((party) => party.kill()));
});

/**
 * News that are told to some at random reach all of six members in 199 of 200 cases; an operator
 * asks again.
 */
async function insist(attempt: () => Promise<void>): Promise<void> {
  for (let left = 3; ; left--) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (left === 1) throw error;
    }
  }
}

test('everybody sees everybody alive, with tags', { skip }, async () => {
  await waitForStatus([...agents, ...ours], NAMES, 'alive');
  for (const agent of agents) {
    assert.equal((await agent.tagsOf('ours-1'))['resp'], '8080');
    assert.equal((await agent.tagsOf('ours-1'))['hc'], '1');
  }
  for (const member of ours) assert.deepEqual(await member.tagsOf('agent-1'), { role: 'web' });
});

test('changed tags are seen by the others', { skip }, async () => {
  await ours[1].call('tags', { tags: { hc: '1', state: 'ready' } });
  await agents[1].cli('tags', '-set', 'role=db');
  await waitFor('new tags of ours-2', 10_000, async () => {
    const tags = await Promise.all(agents.map((agent) => agent.tagsOf('ours-2')));
    return tags.every(({ state }) => state === 'ready') || undefined;
  });
  await waitFor('new tags of agent-2', 10_000, async () => {
    const tags = await Promise.all(ours.map((member) => member.tagsOf('agent-2')));
    return tags.every(({ role }) => role === 'db') || undefined;
  });
});

test('a query of an agent is answered and acknowledged by all', { skip }, async () => {
  await insist(async () => {
    const text = await agents[0].cli('query', '-format=json', '-timeout=3s', 'hello', 'you');
    const { Acks, Responses } = JSON.parse(text) as {
      Acks: string[];
      Responses: Record<string, string>;
    };
    assert.deepEqual([...Acks].sort(), NAMES);
    for (const { name } of ours) assert.equal(Responses[name], `${name} heard hello you`);
    for (const { name } of agents) assert.equal(Responses[name], `${name} heard hello`);
  });
});

test('a query of an agent reaches those that its filters name', { skip }, async () => {
  const ask = async (...filter: string[]) => {
    const args = ['-format=json', '-no-ack', '-timeout=2s', ...filter, 'hello', 'you'];
    const text = await agents[0].cli('query', ...args);
    return Object.keys((JSON.parse(text) as { Responses: object }).Responses).sort();
  };
  await insist(async () => {
    const [byName, byTag, relayed] = await Promise.all([
      ask('-node=ours-3'),
      ask('-tag=state=re.*y'),
      ask('-node=ours-1', '-relay-factor=2'),
    ]);
    assert.deepEqual(byName, ['ours-3']);
    assert.deepEqual(byTag, ['ours-2']);
    assert.deepEqual(relayed, ['ours-1']);
  });
});

test('a query of ours is answered by agents and by ours', { skip }, async () => {
  const expected = NAMES.map((name) =>
    name.startsWith('ours') ? [name, `${name} heard hello you`] : [name, `${name} heard hello`],
  );
  await insist(async () => {
    const answers = await ours[0].call('ask', { name: 'hello', payload: 'you', ms: 3_000 });
    assert.deepEqual(answers, Object.fromEntries(expected));
  });
});

test('events go both ways, each once', { skip }, async () => {
  await agents[1].cli('event', 'deploy', 'v7');
  await waitFor('the event everywhere', 10_000, () => {
    return ours.every(({ events }) => events.includes('deploy v7')) || undefined;
  });
  await ours[2].call('event', { name: 'flush', payload: 'all' });
  await waitFor('the event everywhere', 10_000, () => {
    return ours.every(({ events }) => events.includes('flush all')) || undefined;
  });
  for (const { events } of ours) assert.deepEqual(events, ['deploy v7', 'flush all']);
});

test('serf reachability finds every node', { skip }, async () => {
  await insist(async () => {
    const text = await agents[2].cli('reachability');
    assert.match(text, /Successfully contacted all live nodes/);
  });
});

test('serf info counts our members among its own', { skip }, async () => {
  const text = await agents[0].cli('info', '-format=json');
  const { serf } = JSON.parse(text) as { serf: Record<string, string> };
  assert.equal(serf['members'], '6');
  assert.equal(serf['failed'], '0');
  assert.equal(serf['health_score'], '0');
});

test('a main thread that stands still is busy and not dead', { skip }, async () => {
  const stalling = ours[0].call('stall', { ms: 4_000 });
  await waitFor('ours-1 to be busy', 4_000, async () => {
    const members = (await Promise.all([ours[1], ours[2]].map((one) => one.members()))).flat();
    return members.some(({ name, isBusy }) => name === 'ours-1' && isBusy) || undefined;
  });
  await stalling;
  assert.equal((await agents[0].statuses())['ours-1'], 'alive');
});

test('keys are rotated: installed, used, the old one removed', { skip }, async () => {
  const next = randomBytes(16).toString('base64');
  for (const change of [`-install=${next}`, `-use=${next}`, `-remove=${KEY}`]) {
    await insist(async () => {
      await agents[0].cli('keys', change);
    });
  }
  await insist(async () => {
    const list = await agents[0].cli('keys', '-list');
    assert.match(list, /\[6\/6\]/);
    assert.ok(list.includes(next) && !list.includes(KEY), list);
  });
  const late = await startMember('late', { key: next, joins: agents[0].port });
  await waitForStatus([...agents, ...ours, late], ['late'], 'alive');
  await late.call('leave');
  await waitForStatus([...agents, ...ours], ['late'], 'left');
});

test('who has another key is not let in', { skip }, async () => {
  const key = randomBytes(32).toString('base64');
  const [stranger, agent] = await Promise.all([
    startMember('stranger', { key, joins: agents[0].port }),
    startAgent('strange-agent', { key, joins: ours[0].port }),
  ]);
  await waitFor('packets to be refused', 10_000, async () => {
    const { refusedPackets } = (await ours[0].call('stats')) as { refusedPackets: number };
    return refusedPackets > 0 || undefined;
  });
  assert.deepEqual(Object.keys(await stranger.statuses()), ['stranger']);
  assert.deepEqual(Object.keys(await agent.statuses()), ['strange-agent']);
  for (const party of [...agents, ...ours]) {
    const names = Object.keys(await party.statuses());
    assert.ok(!names.includes('stranger') && !names.includes('strange-agent'), `${names}`);
  }
  await Promise.all([stranger.kill(), agent.kill()]);
});

test('serf force-leave and leave are seen as leaving', { skip }, async () => {
  await agents[2].cli('leave');
  await waitForStatus([...agents.slice(0, 2), ...ours], ['agent-3'], 'left');
  await ours[2].call('leave');
  await waitForStatus([...agents.slice(0, 2), ...ours.slice(0, 2)], ['ours-3'], 'left');
});

test('who is killed is seen as failed, and can be made to have left', { skip }, async () => {
  await Promise.all([ours[1].kill(), agents[1].kill()]);
  const left = [agents[0], ours[0]];
  await waitForStatus(left, ['ours-2', 'agent-2'], 'failed', 40_000);
  await agents[0].cli('force-leave', 'ours-2');
  await ours[0].call('forget', { name: 'agent-2' });
  await waitForStatus(left, ['ours-2', 'agent-2'], 'left');
});
