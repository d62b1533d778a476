import type { Generator, GrammarRow } from '../generator.ts';

export const CONNECTION_ROWS: readonly GrammarRow[] = [
  {
    name: 'PING',
    weight: 3,
    make: (g, d) => {
      if (g.chance(0.5)) d.label('message').add(g.value());
    },
  },
  { name: 'ECHO', weight: 3, make: (g, d) => d.add(g.value()) },
  {
    name: 'SELECT',
    weight: 4,
    make: (g, d) =>
      d.add(g.chance(0.9) ? String(g.below(4)) : g.pick(['15', '16', '-1', 'abc', ''])),
  },
  { name: 'HELLO', weight: 2, comparison: 'hello', make: hello },
  {
    name: 'AUTH',
    weight: 0.5,
    make: (g, d) => d.add(...g.times(1, 3, () => g.pick(['default', 'secret', '']))),
  },
  { name: 'RESET', weight: 0.5, make: () => {} },
  { name: 'CLIENT ID', weight: 0.5, comparison: 'kind', make: () => {} },
  { name: 'CLIENT GETNAME', weight: 1.5, make: () => {} },
  {
    name: 'CLIENT SETNAME',
    weight: 1.5,
    make: (g, d) => d.add(g.chance(0.8) ? g.letters(g.below(9)) : g.pick(['a b', 'a\n', '\x7f'])),
  },
  { name: 'CLIENT INFO', weight: 1, comparison: 'clientInfo', make: () => {} },
  {
    name: 'CLIENT LIST',
    weight: 0.5,
    comparison: 'kind',
    options: [
      { label: 'TYPE', make: (g) => [g.pick(['normal', 'pubsub', 'replica', 'nonsense'])] },
      { label: 'ID', make: (g) => [g.pick(['1', '2', 'abc', '0'])] },
    ],
    make: () => {},
  },
  {
    name: 'CLIENT NO-EVICT',
    weight: 2.5,
    make: (g, d) => d.option(g.chance(0.9) ? g.pick(['ON', 'OFF']) : 'MAYBE'),
  },
  { name: 'CLIENT UNPAUSE', weight: 0.4, make: () => {} },
  {
    name: 'CLIENT PAUSE',
    weight: 1.5,
    isFragile: true,
    make: (g, d) => {
      d.add(g.pick(['0', 'abc', '-1']));
      if (g.chance(0.5)) d.option(g.pick(['WRITE', 'ALL', 'NONSENSE']));
    },
  },
  { name: 'CLIENT GETREDIR', weight: 0.4, make: () => {} },
  { name: 'CLIENT TRACKINGINFO', weight: 0.4, make: () => {} },
  { name: 'CLIENT TRACKING', weight: 2.5, isFragile: true, make: tracking },
  {
    name: 'CLIENT CACHING',
    weight: 0.4,
    make: (g, d) => d.add(g.pick(['YES', 'NO', 'perhaps'])),
  },
  {
    name: 'CLIENT UNBLOCK',
    weight: 1.5,
    make: (g, d) => {
      d.add(g.pick(['999999999', 'abc']));
      if (g.chance(0.5)) d.option(g.pick(['TIMEOUT', 'ERROR', 'NONSENSE']));
    },
  },
  { name: 'CLIENT KILL', weight: 2.5, make: kill },
  { name: 'CLIENT HELP', weight: 0.4, make: () => {} },
  { name: 'CLIENT REPLY', weight: 0.3, make: (_, d) => d.option('ON') },
  {
    name: 'PUBLISH',
    weight: 5,
    make: (g, d) => d.add(channel(g), g.value()),
  },
  { name: 'SPUBLISH', weight: 3, make: (g, d) => d.add(channel(g), g.value()) },
  {
    name: 'PUBSUB CHANNELS',
    weight: 1,
    comparison: 'unordered',
    make: (g, d) => {
      if (g.chance(0.5)) d.label('pattern').add(g.pattern());
    },
  },
  { name: 'PUBSUB NUMSUB', weight: 1, make: (g, d) => d.add(...g.times(0, 3, () => channel(g))) },
  { name: 'PUBSUB NUMPAT', weight: 1, make: () => {} },
  {
    name: 'PUBSUB SHARDCHANNELS',
    weight: 1,
    comparison: 'unordered',
    make: (g, d) => {
      if (g.chance(0.5)) d.label('pattern').add(g.pattern());
    },
  },
  {
    name: 'PUBSUB SHARDNUMSUB',
    weight: 1,
    make: (g, d) => d.add(...g.times(0, 3, () => channel(g))),
  },
  { name: 'PUBSUB HELP', weight: 0.4, make: () => {} },
  // Outside of a transaction: how each is refused, or harmless.
  { name: 'EXEC', weight: 0.5, make: () => {} },
  { name: 'DISCARD', weight: 0.5, make: () => {} },
  { name: 'UNWATCH', weight: 1, make: () => {} },
  { name: 'WATCH', weight: 2, make: (g, d) => d.add(...g.times(1, 3, () => g.key())) },
  {
    name: 'NOSUCHCOMMAND',
    weight: 1,
    make: (g, d) => d.add(...g.times(0, 4, () => g.value())),
  },
];

export function channel(g: Generator): string {
  return g.pick(['c0', 'c1', 'c2', 'k1', 'channel', '']);
}

function hello(g: Generator, draft: Parameters<GrammarRow['make']>[1]): void {
  if (g.chance(0.15)) return;
  if (g.chance(0.85)) draft.option(g.pick(['2', '3']));
  else draft.label('bad version').add(g.pick(['1', '4', 'abc', '']));
  if (g.chance(0.2)) draft.option('SETNAME', g.chance(0.9) ? g.letters(4) : 'a b');
  if (g.chance(0.15)) draft.option('AUTH', 'default', g.pick(['', 'secret']));
  if (g.chance(0.04)) draft.add('NONSENSE');
}

/** Never so that tracking begins: what it does is not compared here. */
function tracking(g: Generator, draft: Parameters<GrammarRow['make']>[1]): void {
  if (g.chance(0.7)) draft.option('OFF');
  else draft.add('MAYBE');
  for (let i = g.between(0, 3); i > 0; i--) {
    const kind = g.below(7);
    if (kind === 0) draft.option('REDIRECT', g.pick(['999999999', 'abc']));
    else if (kind === 1) draft.option('PREFIX', g.letters(2));
    else if (kind === 2) draft.option('BCAST');
    else if (kind === 3) draft.option('OPTIN');
    else if (kind === 4) draft.option('OPTOUT');
    else if (kind === 5) draft.option('NOLOOP');
    else draft.add('NONSENSE');
  }
}

function kill(g: Generator, draft: Parameters<GrammarRow['make']>[1]): void {
  const form = g.below(6);
  if (form === 0) draft.label('address').add('127.0.0.1:1');
  else if (form === 1) draft.option('ID', g.pick(['999999999', 'abc', '0']));
  else if (form === 2) draft.option('ADDR', '127.0.0.1:1');
  else if (form === 3) draft.option('LADDR', '127.0.0.1:1');
  else if (form === 4) draft.option('USER', g.pick(['default-not', 'nobody']));
  else draft.option('TYPE', g.pick(['replica', 'nonsense']));
  if (form > 0 && g.chance(0.2)) draft.option('SKIPME', g.pick(['yes', 'no', 'perhaps']));
}
