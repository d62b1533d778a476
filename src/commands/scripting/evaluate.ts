import { type CommandRow, type Execute, type KeySpec, keysAt } from '../command-row.ts';

const COUNTED_KEYS: KeySpec['find'] = { keyCountIndex: 0, firstKey: 1, step: 1 };
const UNKNOWN_USE = 'We cannot tell how the keys will be used so we assume the worst, ';

/** `numkeys key...` behind the script. */
function scriptKeys(isReadOnly: boolean, hasNotes: boolean): readonly KeySpec[] {
  const { begin } = keysAt(2, 0, 1, '');
  if (isReadOnly) {
    const notes = `${UNKNOWN_USE}RO and ACCESS`;
    return [{ flags: 'RO ACCESS', begin, find: COUNTED_KEYS, ...(hasNotes ? { notes } : {}) }];
  }
  const notes = `${UNKNOWN_USE}RW and UPDATE`;
  return [{ flags: 'RW ACCESS UPDATE', begin, find: COUNTED_KEYS, ...(hasNotes ? { notes } : {}) }];
}

/** A row of EVAL and its kin. */
export function scriptRow(
  facts: Pick<CommandRow, 'name' | 'since' | 'summary' | 'syntax'> & {
    isReadOnly: boolean;
    hasNotes: boolean;
  },
  execute: Execute,
): CommandRow {
  const { isReadOnly, hasNotes, ...row } = facts;
  const common = ['noscript', 'stale', 'skip_monitor', 'no_mandatory_keys', 'movablekeys'] as const;
  const subject = row.name.startsWith('fcall') ? 'function' : 'script';
  return {
    ...row,
    arity: -3,
    flags: isReadOnly ? ['readonly', ...common] : common,
    keys: scriptKeys(isReadOnly, hasNotes),
    mayReplicate: !isReadOnly,
    group: 'scripting',
    complexity: `Depends on the ${subject} that is executed.`,
    execute,
  };
}

const KEYS_SYNTAX = 'numkeys [key [key ...]] [arg [arg ...]]';

function evaluationRow(
  name: string,
  facts: { since: string; summary: string; isByDigest: boolean; isReadOnly: boolean },
): CommandRow {
  const { isByDigest, isReadOnly, since, summary } = facts;
  const syntax = `${isByDigest ? 'sha1' : 'script'} ${KEYS_SYNTAX}`;
  const hasNotes = !isByDigest;
  const form = { isByDigest, isReadOnly };
  return scriptRow(
    { name, since, summary, syntax, isReadOnly, hasNotes },
    (session, frame, reply) => session.node.scripting.evaluate(session, frame, reply, form),
  );
}

export const evalCommand = evaluationRow('eval', {
  since: '2.6.0',
  summary: 'Run a Lua script',
  isByDigest: false,
  isReadOnly: false,
});

export const evalshaCommand = evaluationRow('evalsha', {
  since: '2.6.0',
  summary: 'Run a Lua script that is in the cache, named by its SHA-1',
  isByDigest: true,
  isReadOnly: false,
});

export const evalRoCommand = evaluationRow('eval_ro', {
  since: '7.0.0',
  summary: 'Run a Lua script that may not write',
  isByDigest: false,
  isReadOnly: true,
});

export const evalshaRoCommand = evaluationRow('evalsha_ro', {
  since: '7.0.0',
  summary: 'Run a Lua script that is in the cache and may not write, named by its SHA-1',
  isByDigest: true,
  isReadOnly: true,
});

export const fcallCommand = scriptRow(
  {
    name: 'fcall',
    since: '7.0.0',
    summary: 'Call a function of a library',
    syntax: `function ${KEYS_SYNTAX}`,
    isReadOnly: false,
    hasNotes: true,
  },
  (session, frame, reply) => session.node.scripting.callFunction(session, frame, reply, false),
);

export const fcallRoCommand = scriptRow(
  {
    name: 'fcall_ro',
    since: '7.0.0',
    summary: 'Call a function of a library that may not write',
    syntax: `function ${KEYS_SYNTAX}`,
    isReadOnly: true,
    hasNotes: true,
  },
  (session, frame, reply) => session.node.scripting.callFunction(session, frame, reply, true),
);
