/**
 * A user's rules as text, without its passwords, for another node: what a script may do there is
 * asked where it runs, and users are each node's own.
 */
import type { AccessControl } from './access-control.ts';
import { describeRules } from './describe-user.ts';
import { mergeSelectors } from './split-rules.ts';
import type { User } from './user.ts';

/** @returns '' for the default user, as long as it may do everything: others are named in audits */
export function encodeUser(user: User | null): string {
  if (user === null || (user.name === 'default' && mayDoEverything(user))) return '';
  return `${user.name} ${describeRules(user)}`;
}

function mayDoEverything({ isUnrestricted, stores }: User): boolean {
  return isUnrestricted && stores.describe() === '';
}

/** A user that nobody can log in as. One whose rules this node does not know may do nothing. */
export function decodeUser(access: AccessControl, text: string): User | null {
  if (text === '') return null;
  const [name, ...words] = text.split(' ');
  const rules = mergeSelectors(words);
  const user = access.createUser(name);
  user.apply('reset', false);
  if (typeof rules === 'number') return user;
  for (const rule of rules) {
    if (user.apply(rule, false) === null) continue;
    user.apply('reset', false);
    break;
  }
  user.settle();
  return user;
}
