import type { Frame } from '../../base/frame.ts';
import type { Store } from '../../engine/store.ts';
import { echoed } from '../../protocol/error-echo.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { CommandRow, Execute } from '../command-row.ts';
import { helpRow } from '../help-reply.ts';
import { refuseStore } from '../login.ts';
import type { Session } from '../session.ts';
import { replyStore } from './store-info.ts';

const SINCE = 'HyperCache 0.2';
/** What changes the stores of a node stands for itself: in no transaction and no script. */
const CHANGES_STORES = {
  flags: ['admin', 'noscript', 'no_multi', 'no_async_loading'],
  categories: ['keyspace'],
} as const;

function storeRow(
  name: string,
  facts: Pick<CommandRow, 'arity' | 'complexity' | 'summary' | 'syntax'> &
    Partial<Pick<CommandRow, 'flags' | 'categories' | 'tips'>>,
  execute: Execute,
): CommandRow {
  return { name, flags: ['loading', 'stale'], group: 'server', since: SINCE, ...facts, execute };
}

const createRow = storeRow(
  'create',
  {
    arity: -3,
    ...CHANGES_STORES,
    complexity: 'O(1)',
    summary: 'Create a named store; its configuration never changes',
    syntax: 'name [option value [option value ...]]',
  },
  (session, frame, reply) => {
    if (frame.count % 2 === 0) return reply.error(ERRORS.syntax);
    const { settings, stores } = session.node;
    const pairs: [string, string][] = [];
    for (let arg = 3; arg < frame.count; arg += 2)
      pairs.push([frame.text(arg), frame.text(arg + 1)]);
    const configuration = settings.parseStore(frame.text(2), pairs);
    if (typeof configuration === 'string') return reply.errorText(`ERR ${configuration}`);
    const denial = refuseStore(session, configuration);
    if (denial !== null) return reply.errorLatin1(denial);
    const refusal = stores.create(configuration);
    if (refusal === null) reply.ok();
    else reply.errorText(refusal);
  },
);

const dropRow = storeRow(
  'drop',
  {
    arity: 3,
    ...CHANGES_STORES,
    complexity: 'O(1)',
    summary: 'Remove a named store with all its keys',
    syntax: 'name',
  },
  (session, frame, reply) => {
    const store = requireStore(session, frame, reply);
    if (store === null) return;
    const refusal = session.node.stores.drop(store);
    if (refusal === null) reply.ok();
    else reply.errorText(refusal);
  },
);

const flushRow = storeRow(
  'flush',
  {
    arity: 3,
    flags: ['write', 'noscript'],
    categories: ['keyspace', 'admin', 'dangerous'],
    complexity: 'O(1)',
    summary: 'Remove all keys of a store, whichever is selected',
    syntax: 'name',
  },
  (session, frame, reply) => {
    const store = requireStore(session, frame, reply);
    if (store === null) return;
    store.actorId = session.id;
    store.flushAll();
    session.node.persistence.noteFlushed(store);
    reply.ok();
  },
);

const infoRow = storeRow(
  'info',
  {
    arity: 3,
    complexity: 'O(1)',
    summary: 'Tell the configuration and the statistics of a store',
    syntax: 'name',
    tips: ['nondeterministic_output'],
  },
  (session, frame, reply) => {
    const store = requireStore(session, frame, reply);
    if (store !== null) replyStore(reply, session.node, store);
  },
);

const listRow = storeRow(
  'list',
  {
    arity: 2,
    complexity: 'O(N) where N is the number of stores',
    summary: 'Tell the configuration and the statistics of every store',
    syntax: '',
    tips: ['nondeterministic_output'],
  },
  (session, _frame, reply) => {
    const stores = storesOf(session);
    reply.array(stores.length);
    for (const store of stores) replyStore(reply, session.node, store);
  },
);

const storeHelpRow = helpRow({
  container: 'STORE',
  group: 'server',
  since: SINCE,
  lines: [
    'CREATE <name> [<option> <value> ...]',
    '    Create a named store. Options are:',
    '    * EVICTION_POLICY <policy>: what is removed for new data.',
    '    * MAX_MEMORY <size>: its own limit, such as 64mb; 0: only the limit of the node.',
    '    * DEFAULT_TTL <duration>: of writes that name none, such as 30s; 0: for ever.',
    '    * CUCKOO_FILTER <yes|no>: keeps a filter for certain misses.',
    '    * PERSISTENCE <aof|snapshot|hybrid|none>: what is kept over a restart.',
    '    * OWNERSHIP <store|slot>: one owner for the whole store, or one for each slot.',
    '    * CONSISTENCY <eventual|quorum>: as the node, unless set.',
    'DROP <name>',
    '    Remove a named store with all its keys.',
    'FLUSH <name>',
    '    Remove all keys of a store.',
    'INFO <name>',
    '    Tell the configuration and the statistics of a store.',
    'LIST',
    '    Tell the same of every store.',
  ],
});

export const storeCommand: CommandRow = {
  name: 'store',
  arity: -2,
  flags: [],
  group: 'server',
  since: SINCE,
  complexity: 'Depends on subcommand.',
  summary: 'Container of commands on named stores',
  syntax: '',
  subcommands: [createRow, dropRow, flushRow, storeHelpRow, infoRow, listRow],
};

export const storesCommand: CommandRow = {
  name: 'stores',
  arity: 1,
  flags: ['loading', 'stale', 'fast'],
  group: 'server',
  since: SINCE,
  complexity: 'O(N) where N is the number of stores',
  summary: 'List the names of the stores, the default one first',
  syntax: '',
  execute(session, _frame, reply) {
    const stores = storesOf(session);
    reply.array(stores.length);
    for (const { name } of stores) reply.bulkText(name);
  },
};

/** The store that argument 2 names, or null after an error reply. */
function requireStore(session: Session, frame: Frame, reply: ReplyWriter): Store | null {
  const store = session.node.stores.find(frame.latin1(2));
  if (store === null) {
    reply.errorLatin1(`NOSTORE There is no store named '${echoed(frame, 2)}'`);
    return null;
  }
  const refusal = refuseStore(session, store);
  if (refusal === null) return store;
  reply.errorLatin1(refusal);
  return null;
}

/** Those that the session's user may use. */
function storesOf({ node, user }: Session): readonly Store[] {
  const { all } = node.stores;
  return user === null ? all : all.filter(({ name }) => user.mayUseStore(name));
}
