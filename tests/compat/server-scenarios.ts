/** What a node tells of itself, and what it does when it is full, guarded or watched. */
import { describeReply, type Reply } from '../../src/testing/reply-decoder.ts';
import type { Argument } from '../support/wire-client.ts';
import { Draft } from './generator.ts';
import { keyedCommand, workingRules } from './grammar/acl.ts';
import { command, type ScenarioRow, type Stage, send } from './stage.ts';

export const SERVER_SCENARIOS: readonly ScenarioRow[] = [
  { name: 'newer commands', weight: 18, run: newer },
  { name: 'monitor', weight: 24, run: monitor },
  { name: 'slow log', weight: 8, run: slowLog },
  { name: 'latency', weight: 12, run: latency },
  { name: 'clients by id', weight: 10, run: clientsById },
  { name: 'full', weight: 12, run: full },
  { name: 'evicting', weight: 6, run: evicting },
  { name: 'password', weight: 8, run: password },
  { name: 'users', weight: 20, run: users },
  { name: 'pause', weight: 3, run: pause },
];

/** Redis 7.0 refuses them and counts that: counters of errors begin anew. */
async function newer(stage: Stage): Promise<void> {
  const { generator } = stage;
  await send(stage, generator.pick(stage.clients), [
    new Draft('CLIENT NO-TOUCH').option(generator.pick(['ON', 'OFF'])),
    new Draft('CLIENT SETINFO').option('LIB-NAME', generator.letters(4)),
    new Draft('CLIENT SETINFO').option('LIB-VER', generator.letters(4)),
    new Draft('CONFIG RESETSTAT'),
  ]);
}

/** Every line that a monitor sees, without the time and the client's address. */
async function monitor(stage: Stage): Promise<void> {
  const { generator, judge, guest } = stage;
  const client = generator.pick(stage.clients);
  await guest.reconnect(generator.chance(0.5) ? 2 : 3);
  await send(stage, guest, [command('MONITOR')]);
  const batch: Draft[] = [];
  for (let i = generator.between(1, 12); i > 0; i--) {
    if (generator.chance(0.2)) batch.push(command('MULTI'), generator.next(), command('EXEC'));
    else batch.push(generator.next());
  }
  await send(stage, client, batch);
  const seen = await guest.exchange([]);
  judge.judge(guest.name, [command('MONITOR').label('lines')], {
    oracle: [{ kind: 'simple', text: monitorLines(seen.oracle) }],
    ours: [{ kind: 'simple', text: monitorLines(seen.ours) }],
  });
  const ending = [command('GET', 'k1'), command('MONITOR'), command('RESET'), command('GET', 'k1')];
  if (generator.chance(0.75)) {
    const last = await guest.exchange(ending);
    judge.judge(guest.name, [command('MONITOR').label('ended')], {
      oracle: [{ kind: 'simple', text: monitorLines(last.oracle) }],
      ours: [{ kind: 'simple', text: monitorLines(last.ours) }],
    });
  }
  guest.end();
}

function monitorLines(replies: readonly Reply[]): string {
  const texts = replies.map((reply) => describeReply(reply));
  return texts
    .map((text) => text.replace(/^\+\d+\.\d{6} \[(\d+) ([\d.:]+|lua)\]/, '[$1]'))
    .filter((text) => !/ "mark-/.test(text))
    .join('\n');
}

/** Everything is slow when the threshold is 0. */
async function slowLog(stage: Stage): Promise<void> {
  const { generator, judge } = stage;
  const client = generator.pick(stage.clients);
  const plain = Array.from({ length: generator.between(1, 12) }, () => generator.next());
  const batch = [
    command('CONFIG SET', 'slowlog-log-slower-than', '0', 'slowlog-max-len', '128'),
    command('SLOWLOG RESET'),
    ...plain,
    command('SET', 'k1', generator.letters(generator.between(100, 300))),
    new Draft('MSET').add(...Array.from({ length: 2 * generator.between(14, 20) }, () => 'k2')),
  ];
  await send(stage, client, batch);
  const asked = new Draft('SLOWLOG GET').label('entries').add(generator.pick(['-1', '5', '100']));
  const { oracle, ours } = await client.exchange([
    asked,
    new Draft('SLOWLOG LEN'),
    command('CONFIG SET', 'slowlog-log-slower-than', '10000'),
  ]);
  judge.judge(client.name, [asked], {
    oracle: [{ kind: 'simple', text: slowEntries(oracle[0]) }],
    ours: [{ kind: 'simple', text: slowEntries(ours[0]) }],
  });
}

/** Arguments and the client's name of each entry; ids, times and addresses are the server's own. */
function slowEntries(reply: Reply): string {
  if (reply.kind !== 'array') return describeReply(reply);
  return reply.items
    .map((entry) => {
      if (entry.kind !== 'array') return describeReply(entry);
      const { items } = entry;
      return `${items.length} ${describeReply(items[3])} ${describeReply(items[5])}`;
    })
    .join('\n');
}

async function latency(stage: Stage): Promise<void> {
  const { generator, judge } = stage;
  const client = generator.pick(stage.clients);
  const { oracle, ours } = await client.exchange([
    command('CONFIG SET', 'latency-monitor-threshold', '20'),
    command('DEBUG SLEEP', '0.025'),
    command('LATENCY LATEST'),
    command('LATENCY HISTORY', 'command'),
    command('LATENCY GRAPH', 'command'),
    command('LATENCY DOCTOR'),
    command('LATENCY RESET', 'command'),
    command('CONFIG SET', 'latency-monitor-threshold', '0'),
    command('LATENCY RESET'),
  ]);
  const draft = new Draft('LATENCY LATEST').label('of a slow command');
  judge.judge(client.name, [draft], {
    oracle: [{ kind: 'simple', text: latencyFacts(oracle) }],
    ours: [{ kind: 'simple', text: latencyFacts(ours) }],
  });
}

/** Which event was noted, and in what shape it is told. */
function latencyFacts(replies: readonly Reply[]): string {
  const [, , latest, history, graph, doctor, reset] = replies;
  const events = latest.kind === 'array' ? latest.items : [];
  const names = events.map((event) =>
    event.kind === 'array' ? `${describeReply(event.items[0])}/${event.items.length}` : '?',
  );
  const samples = history.kind === 'array' ? history.items.length : -1;
  return [
    names.filter((name) => name.startsWith('"command"')).join(' '),
    samples,
    graph.kind,
    doctor.kind,
    describeReply(reset),
  ].join(', ');
}

/** Each server is asked by the ids that it gave. */
async function clientsById(stage: Stage): Promise<void> {
  const { generator, judge, guest } = stage;
  const client = generator.pick(stage.clients);
  await guest.reconnect(2);
  const name = generator.letters(5);
  await guest.exchange([command('CLIENT SETNAME', name), command('SELECT', '3')]);
  const ids = await guest.converse([() => ['CLIENT', 'ID']]);
  const numbers = { oracle: integerText(ids.oracle[0]), ours: integerText(ids.ours[0]) };
  const forms: readonly (readonly [string, (id: string) => Argument[]])[] = [
    ['CLIENT LIST ID', (id) => ['CLIENT', 'LIST', 'ID', id, id, '0']],
    ['CLIENT UNBLOCK', (id) => ['CLIENT', 'UNBLOCK', id]],
    ['CLIENT KILL ID', (id) => ['CLIENT', 'KILL', 'ID', id, 'TYPE', 'normal', 'USER', 'default']],
    ['CLIENT KILL ID', (id) => ['CLIENT', 'KILL', 'ID', id]],
    ['CLIENT LIST ID', (id) => ['CLIENT', 'LIST', 'ID', id]],
  ];
  for (const [label, form] of forms) {
    const answers = await client.converseEach(form(numbers.oracle), form(numbers.ours));
    judge.judge(client.name, [new Draft(label, 'clientInfo')], answers);
  }
  guest.end();
}

function integerText(reply: Reply): string {
  return reply.kind === 'integer' ? String(reply.value) : describeReply(reply);
}

/** With room for nothing and nothing to be evicted. */
async function full(stage: Stage): Promise<void> {
  const { generator } = stage;
  const client = generator.pick(stage.clients);
  const batch: Draft[] = [command('CONFIG SET', 'maxmemory', '1')];
  for (let i = generator.between(1, 20); i > 0; i--) {
    if (generator.chance(0.2)) {
      batch.push(command('MULTI'), generator.next(), generator.next());
      batch.push(command(generator.pick(['EXEC', 'DISCARD', 'EXEC'])));
    } else if (generator.chance(0.1)) {
      batch.push(command('WATCH', 'k1'));
    } else {
      batch.push(generator.next());
    }
  }
  batch.push(command('CONFIG SET', 'maxmemory', '0'));
  await send(stage, client, batch);
}

/** With room for nothing: whatever is there leaves, and then writes are refused. */
async function evicting(stage: Stage): Promise<void> {
  const { generator } = stage;
  const client = generator.pick(stage.clients);
  await send(stage, client, [
    command('SET', 'k1', 'stays for a moment'),
    // Redis goes on with a full memory when evicting takes it long, unless told to be thorough.
    command('CONFIG SET', 'maxmemory-eviction-tenacity', '100'),
    command('CONFIG SET', 'maxmemory-policy', 'allkeys-lru', 'maxmemory', '1'),
    command('SET', 'k2', 'has no room'),
    command('DBSIZE'),
    new Draft('GET').add(generator.key()),
    new Draft('APPEND').add(generator.key(), 'x'),
    command('MULTI'),
    command('SET', 'k1', 'neither'),
    command('EXEC'),
    command('CONFIG SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction'),
    // What was evicted on the way is counted by each as it had memory.
    command('CONFIG RESETSTAT'),
    command('SET', 'k2', 'has room'),
    command('DBSIZE'),
  ]);
}

/**
 * redis-server closes a connection that is not logged in while more than a kilobyte of replies
 * waits for it, and counts what was answered before RESET: so few commands, and RESET on its own.
 */
async function password(stage: Stage): Promise<void> {
  const { generator, guest } = stage;
  const client = generator.pick(stage.clients);
  const secret = generator.letters(6);
  await send(stage, client, [command('CONFIG SET', 'requirepass', secret)]);
  await guest.reconnect(2);
  const batch: Draft[] = [];
  for (let i = generator.between(1, 3); i > 0; i--) {
    batch.push(plainUnlessLogin(stage));
  }
  batch.push(new Draft('HELLO', 'hello').add('3'), command('MULTI'), command('EXEC'));
  if (generator.chance(0.5)) batch.push(new Draft('AUTH').add(secret));
  else batch.push(new Draft('HELLO', 'hello').add('3').option('AUTH', 'default', secret));
  batch.push(command('GET', 'k1'), new Draft('CLIENT INFO', 'clientInfo'));
  await send(stage, guest, batch);
  await send(stage, guest, [
    command('RESET'),
    command('GET', 'k1'),
    command('EXEC'),
    command('EXEC', 'x'),
    new Draft('AUTH').add(secret),
  ]);
  guest.end();
  await send(stage, client, [command('CONFIG SET', 'requirepass', '')]);
}

/** A guest who may not do everything, and whose rules change between MULTI and EXEC. */
async function users(stage: Stage): Promise<void> {
  const { generator, guest } = stage;
  const client = generator.pick(stage.clients);
  const log = () => new Draft('ACL LOG', 'accessLog');
  await send(stage, client, [
    log().option('RESET'),
    new Draft('ACL SETUSER').add('app', ...workingRules(generator)),
  ]);
  await guest.reconnect(generator.chance(0.5) ? 2 : 3);
  const login = new Draft('AUTH').add('app', 'any');
  const batch = Array.from({ length: generator.between(1, 25) }, () => plainUnlessLogin(stage));
  await send(stage, guest, [login, ...batch, command('DISCARD'), login]);
  const queued = Array.from({ length: generator.between(1, 6) }, () => keyedCommand(generator));
  await sendEach(stage, [command('MULTI'), ...queued, command('PUBLISH', 'c1', 'message')]);
  await send(stage, client, [
    new Draft('ACL SETUSER').add('app', ...workingRules(generator)),
    new Draft('ACL GETUSER', 'rules').add('app'),
    log().add('1000'),
  ]);
  await sendEach(stage, [command('EXEC'), command('RESET')]);
  guest.end();
  await send(stage, client, [log(), log().option('RESET'), command('ACL DELUSER', 'app')]);
}

/** Waits for each reply of the guest: an open MULTI would queue the mark that ends a batch. */
async function sendEach({ judge, guest }: Stage, drafts: readonly Draft[]): Promise<void> {
  judge.judge(
    guest.name,
    drafts,
    await guest.converse(
      drafts.map(
        ({ args }) =>
          () =>
            args,
      ),
    ),
  );
}

/** A command that no name or password is guessed with: guessing is slowed down here. */
function plainUnlessLogin({ generator }: Stage): Draft {
  for (;;) {
    const draft = generator.next();
    // Before a login, more than ten arguments end the connection.
    const isShort = draft.args.length <= 10;
    if (isShort && !/^(AUTH|HELLO)$/i.test(String(draft.args[0]))) return draft;
  }
}

/** Commands that were held back are answered when the pause ends, in their order. */
async function pause(stage: Stage): Promise<void> {
  const { generator } = stage;
  const client = generator.pick(stage.clients);
  await send(stage, client, [
    new Draft('CLIENT PAUSE').add('20').option(generator.pick(['WRITE', 'ALL'])),
    command('GET', 'k1'),
    command('SET', 'k1', 'after the pause'),
    command('GET', 'k1'),
    command('MULTI'),
    command('INCR', 'n1'),
    command('EXEC'),
    command('CLIENT UNPAUSE'),
  ]);
}
