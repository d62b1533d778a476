/** What happens in one round: which client sends what, and who listens. */
import { describeReply, type Reply } from '../../src/testing/reply-decoder.ts';
import { Draft, type Generator } from './generator.ts';
import { channel } from './grammar/connection.ts';
import { SERVER_SCENARIOS } from './server-scenarios.ts';
import { command, type ScenarioRow, type Stage, send } from './stage.ts';

/** Weights are shares of rounds; a plain round has by far the most commands. */
export const SCENARIOS: readonly ScenarioRow[] = [
  { name: 'plain', weight: 600, run: plain },
  { name: 'transactions', weight: 110, run: transactions },
  { name: 'watch', weight: 110, run: watch },
  { name: 'pubsub', weight: 90, run: pubsub },
  { name: 'reply modes', weight: 25, run: replyModes },
  { name: 'scan loop', weight: 12, run: scanLoop },
  { name: 'quit', weight: 16, run: quit },
  { name: 'expiry', weight: 3, run: expiry },
  ...SERVER_SCENARIOS,
];

export function chooseScenario(generator: Generator): ScenarioRow {
  let at = generator.below(SCENARIOS.reduce((sum, row) => sum + row.weight, 0));
  for (const row of SCENARIOS) {
    at -= row.weight;
    if (at < 0) return row;
  }
  return SCENARIOS[0];
}

async function plain(stage: Stage): Promise<void> {
  const { generator } = stage;
  const count = generator.between(1, 180);
  await send(
    stage,
    generator.pick(stage.clients),
    Array.from({ length: count }, () => generator.next()),
  );
}

async function transactions(stage: Stage): Promise<void> {
  const { generator } = stage;
  const batch: Draft[] = [];
  for (let i = generator.between(1, 6); i > 0; i--) {
    if (generator.chance(0.3)) batch.push(generator.next());
    if (generator.chance(0.3)) batch.push(command('WATCH', String(generator.key())));
    batch.push(...transaction(generator));
  }
  await send(stage, generator.pick(stage.clients), batch);
}

function transaction(generator: Generator): Draft[] {
  const batch = [command('MULTI')];
  for (let i = generator.between(0, 6); i > 0; i--) batch.push(generator.next());
  if (generator.chance(0.05)) batch.push(command('MULTI'));
  batch.push(command(generator.chance(0.88) ? 'EXEC' : 'DISCARD'));
  return batch;
}

/** One client watches, another may touch, the first tries. */
async function watch(stage: Stage): Promise<void> {
  const { generator } = stage;
  const first = generator.pick(stage.clients);
  const second = generator.pick(stage.clients);
  const keys = generator.times(1, 2, () => generator.key()).map(String);
  const database = String(generator.below(2));
  await send(stage, first, [
    command('SELECT', database),
    command('WATCH', ...keys),
    command('GET', keys[0]),
  ]);
  const touches: Draft[] = [command('SELECT', database)];
  for (let i = generator.between(0, 4); i > 0; i--) touches.push(generator.next());
  if (generator.chance(0.4)) touches.push(command('SET', keys[0], 'touched'));
  if (second !== first) await send(stage, second, touches);
  await send(stage, first, transaction(generator));
}

const SUBSCRIBE = ['SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE'];
const UNSUBSCRIBE = ['UNSUBSCRIBE', 'PUNSUBSCRIBE', 'SUNSUBSCRIBE'];

async function pubsub(stage: Stage): Promise<void> {
  const { generator, judge } = stage;
  const batch: Draft[] = [];
  for (let i = generator.between(1, 4); i > 0; i--) {
    const kind = generator.below(10);
    if (kind < 4) {
      const word = generator.pick(SUBSCRIBE);
      batch.push(
        command(word, ...generator.times(1, 3, () => channelOf(word, generator)).map(String)),
      );
    } else if (kind < 7) {
      const word = generator.pick(UNSUBSCRIBE);
      batch.push(
        command(word, ...generator.times(0, 2, () => channelOf(word, generator)).map(String)),
      );
    } else if (kind < 9) {
      batch.push(command('PING', 'while subscribed'));
    } else {
      batch.push(command(generator.pick(['GET', 'SET', 'CLIENT GETNAME']), 'k1'));
    }
  }
  const subscriber = generator.pick(stage.subscribers);
  judge.judgeStream(subscriber.name, batch, await subscriber.exchange(batch));
  const publishing = Array.from({ length: generator.between(1, 8) }, () => {
    const name = generator.pick(['PUBLISH', 'SPUBLISH']);
    return new Draft(name).add(channel(generator), generator.value());
  });
  await send(stage, generator.pick(stage.clients), publishing);
  for (const each of stage.subscribers) judge.judgeStream(each.name, [], await each.exchange([]));
}

function channelOf(word: string, generator: Generator): string {
  return word.startsWith('P') ? generator.pattern() : channel(generator);
}

async function replyModes(stage: Stage): Promise<void> {
  const { generator } = stage;
  const batch: Draft[] = [];
  const silently = (draft: Draft) => {
    draft.isSilent = true;
    batch.push(draft);
  };
  const write = () => command('SET', String(generator.key()), generator.letters(3));
  for (let i = generator.between(1, 3); i > 0; i--) {
    if (generator.chance(0.5)) {
      silently(new Draft('CLIENT REPLY').option('SKIP'));
      silently(generator.chance(0.8) ? write() : command('NOSUCHCOMMAND'));
    } else {
      silently(new Draft('CLIENT REPLY').option('OFF'));
      for (let k = generator.between(0, 4); k > 0; k--) silently(write());
      batch.push(new Draft('CLIENT REPLY').option('ON'));
    }
    batch.push(generator.next());
  }
  await send(stage, generator.pick(stage.clients), batch);
}

/** Pages through everything; pages differ, what they hold together does not. */
async function scanLoop(stage: Stage): Promise<void> {
  const { generator, judge } = stage;
  const client = generator.pick(stage.clients);
  const draft = new Draft('SCAN').option('COUNT', String(generator.between(1, 30)));
  if (generator.chance(0.4)) draft.option('MATCH', generator.pattern());
  if (generator.chance(0.3)) draft.option('TYPE', generator.pick(['string', 'list', 'STRING']));
  draft.label('loop');
  const rest = draft.args.slice(1).map(String);
  const [oracle, ours] = await client.callEach((reply) => {
    const cursor = reply === null ? '0' : cursorOf(reply);
    return reply !== null && cursor === '0' ? null : ['SCAN', cursor, ...rest];
  });
  // Redis looks at a key's type as often as it comes by, which may be twice while a table grows.
  await client.exchange([command('CONFIG RESETSTAT')]);
  const oracleKeys = keysOf(oracle);
  const oursKeys = keysOf(ours);
  judge.judge(client.name, [draft], {
    oracle: [{ kind: 'simple', text: oracleKeys }],
    ours: [{ kind: 'simple', text: oursKeys }],
  });
}

function cursorOf(reply: Reply): string {
  if (reply.kind !== 'array' || reply.items[0].kind !== 'bulk') return '0';
  return reply.items[0].bytes.toString();
}

function keysOf(replies: readonly Reply[]): string {
  const keys = new Set<string>();
  for (const reply of replies) {
    const page = reply.kind === 'array' ? reply.items[1] : reply;
    if (page.kind !== 'array') keys.add(describeReply(page));
    else for (const item of page.items) keys.add(describeReply(item));
  }
  return [...keys].sort().join(' ');
}

async function quit(stage: Stage): Promise<void> {
  const client = stage.generator.pick(stage.clients);
  stage.judge.judge(client.name, [command('QUIT')], await client.quit());
  await client.reconnect(stage.generator.chance(0.5) ? 2 : 3);
}

/** Deadlines that really pass: read before nobody knows, after everybody must agree. */
async function expiry(stage: Stage): Promise<void> {
  const { generator } = stage;
  const client = generator.pick(stage.clients);
  const keys = ['e0', 'e1', 'e2', 'e3', 'e4'];
  const writes = [
    new Draft('SET').add('e0', 'v').option('PX', '20'),
    new Draft('PSETEX').add('e1', '20', 'v'),
    command('SET', 'e2', '5'),
    command('PEXPIRE', 'e2', '20'),
    command('SET', 'e3', 'stays'),
    // Redis keeps this one until somebody looks, or its own sweep finds it.
    new Draft('SET').add('e4', 'late').option('EXAT', '1'),
  ];
  await send(stage, client, writes);
  await new Promise((resolve) => setTimeout(resolve, 60));
  const reads = ['GET', 'EXISTS', 'TTL', 'TYPE', 'STRLEN', 'INCR', 'GETDEL', 'DEL', 'PERSIST'];
  const batch = keys.map((key) => command(generator.pick(reads), key));
  await send(stage, client, [
    ...batch,
    new Draft('KEYS', 'unordered').add('e*'),
    command('DBSIZE'),
  ]);
}
