import type { Frame } from '../../base/frame.ts';
import { LIMITS } from '../../base/limits.ts';
import { echoed } from '../../protocol/error-echo.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { CommandRow } from '../command-row.ts';
import { loseLogin, settleAllLogins } from '../login.ts';
import type { Session } from '../session.ts';
import { ADMIN_ROW, PLAIN_ROW } from './acl-rows.ts';
import {
  describeChannels,
  describeCommands,
  describeKeys,
  digestText,
  flagsOf,
} from './describe-user.ts';
import { closeUnwantedSubscribers } from './revoked-channels.ts';
import { hasSpace, type Selector } from './selector.ts';
import { mergeSelectors } from './split-rules.ts';
import type { User } from './user.ts';

export const setuserCommand: CommandRow = {
  ...ADMIN_ROW,
  name: 'setuser',
  arity: -3,
  since: '6.0.0',
  complexity: 'O(N). Where N is the number of rules provided.',
  summary: 'Create a user, or change its rules',
  syntax: 'username [rule [rule ...]]',
  execute(session, frame, reply) {
    const error = setUser(session, frame);
    if (error === null) reply.ok();
    else reply.errorLatin1(error);
  },
};

/** All of the rules or none. */
function setUser(session: Session, frame: Frame): string | null {
  const { node } = session;
  const { access } = node;
  const name = frame.latin1(2);
  if (hasSpace(name)) return "ERR Usernames can't contain spaces or null characters";
  const words = Array.from({ length: frame.count - 3 }, (_, i) => frame.latin1(i + 3));
  const rules = mergeSelectors(words);
  if (typeof rules === 'number') {
    const start = echoed(frame, rules + 3);
    return `ERR Unmatched parenthesis in acl selector starting at '${start}'.`;
  }
  const draft = access.createUser(name);
  const user = access.find(name);
  if (user !== undefined) draft.copyFrom(user);
  for (const rule of rules) {
    const error = draft.apply(rule, access.newAllowsChannels);
    if (error !== null) return `ERR Error in ACL SETUSER modifier '${shown(rule)}': ${error}`;
  }
  if (user !== undefined) closeUnwantedSubscribers(session, user, draft);
  access.replace(draft);
  settleAllLogins(node);
  return null;
}

/** A C string, as redis-server prints it, but never more than errors may repeat. */
function shown(rule: string): string {
  const end = rule.indexOf('\0');
  return (end < 0 ? rule : rule.slice(0, end)).slice(0, LIMITS.echoedBytesMax);
}

export const deluserCommand: CommandRow = {
  ...ADMIN_ROW,
  name: 'deluser',
  arity: -3,
  since: '6.0.0',
  complexity: 'O(1) amortized time considering the typical user.',
  summary: 'Remove users, and close their connections',
  syntax: 'username [username ...]',
  execute(session, frame, reply) {
    const names = Array.from({ length: frame.count - 2 }, (_, i) => frame.latin1(i + 2));
    if (names.some((name) => shown(name) === 'default')) {
      reply.errorText("ERR The 'default' user cannot be removed");
      return;
    }
    const removed: User[] = [];
    for (const name of names) {
      const user = session.node.access.remove(name);
      if (user !== undefined) removed.push(user);
    }
    closeClientsOf(session, removed);
    reply.integer(removed.length);
  },
};

/** Whoever is one of users that are no more is nobody at once, and closed. */
export function closeClientsOf(session: Session, removed: readonly User[]): void {
  for (const other of [...session.node.clients.all()]) {
    if (other.user === null || !removed.includes(other.user)) continue;
    loseLogin(other);
    if (other === session) other.channel?.closeAfterReplies();
    else other.channel?.close();
  }
}

export const getuserCommand: CommandRow = {
  ...ADMIN_ROW,
  name: 'getuser',
  arity: 3,
  since: '6.0.0',
  complexity:
    'O(N). Where N is the number of password, command and pattern rules that the user has.',
  summary: 'Describe a user',
  syntax: 'username',
  execute(session, frame, reply) {
    const user = session.node.access.find(frame.latin1(2));
    if (user === undefined) {
      reply.null();
      return;
    }
    const flags = flagsOf(user);
    // Redis' clients know no stores: they are told of only where a rule speaks of them.
    const stores = user.stores.describe();
    reply.map(stores === '' ? 6 : 7);
    reply.bulkText('flags');
    reply.set(flags.length);
    for (const flag of flags) reply.bulkText(flag);
    reply.bulkText('passwords');
    reply.array(user.digests.length);
    for (const digest of user.digests) reply.bulkText(digestText(digest));
    replySelector(reply, user.root);
    if (stores !== '') {
      reply.bulkText('stores');
      reply.bulkLatin1(stores);
    }
    reply.bulkText('selectors');
    reply.array(user.selectors.length);
    for (const selector of user.selectors) {
      reply.map(3);
      replySelector(reply, selector);
    }
  },
};

function replySelector(reply: ReplyWriter, selector: Selector): void {
  reply.bulkText('commands');
  reply.bulkLatin1(describeCommands(selector));
  reply.bulkText('keys');
  reply.bulkLatin1(describeKeys(selector));
  reply.bulkText('channels');
  reply.bulkLatin1(describeChannels(selector));
}

export const listCommand: CommandRow = {
  ...ADMIN_ROW,
  name: 'list',
  arity: 2,
  since: '6.0.0',
  complexity: 'O(N). Where N is the number of configured users.',
  summary: 'Describe all users, as an ACL file does',
  syntax: '',
  execute({ node }, _frame, reply) {
    const lines = node.access.lines();
    reply.array(lines.length);
    for (const line of lines) reply.bulkLatin1(line);
  },
};

export const usersCommand: CommandRow = {
  ...ADMIN_ROW,
  name: 'users',
  arity: 2,
  since: '6.0.0',
  complexity: 'O(N). Where N is the number of configured users.',
  summary: 'List the names of all users',
  syntax: '',
  execute({ node }, _frame, reply) {
    const users = node.access.sorted();
    reply.array(users.length);
    for (const { name } of users) reply.bulkLatin1(name);
  },
};

export const whoamiCommand: CommandRow = {
  ...PLAIN_ROW,
  name: 'whoami',
  arity: 2,
  since: '6.0.0',
  complexity: 'O(1)',
  summary: 'Tell the user of this connection',
  syntax: '',
  execute(session, _frame, reply) {
    reply.bulkLatin1(session.userName);
  },
};
