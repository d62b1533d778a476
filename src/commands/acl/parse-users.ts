import type { AccessControl } from './access-control.ts';
import { hasSpace } from './selector.ts';
import { mergeSelectors } from './split-rules.ts';
import type { User } from './user.ts';

export interface AccessFileError {
  /** All that is wrong, in Redis' words. */
  readonly text: string;
}

/**
 * Users as an ACL file has them: `user <name> <rule> ...`, one a line. Comments are refused: the
 * file is written anew by ACL SAVE, which would lose them.
 * @param path  for messages
 */
export function parseUserLines(
  text: string,
  path: string,
  access: AccessControl,
): User[] | AccessFileError {
  const users = new Map<string, User>();
  let errors = '';
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i].replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
    if (line === '') continue;
    const where = `${path}:${i + 1}`;
    const [keyword, name, ...words] = line.split(' ');
    if (keyword !== 'user' || name === undefined) {
      errors += `${where} should start with user keyword followed by the username. `;
    } else if (hasSpace(name)) {
      errors += `'${where}: username '${name}' contains invalid characters. `;
    } else if (users.has(name)) {
      errors += `WARNING: Duplicate user '${name}' found on line ${i + 1}. `;
    } else {
      const user = access.createUser(name);
      users.set(name, user);
      errors += applyLine(user, words, where, access.newAllowsChannels);
    }
  }
  if (errors === '') return [...users.values()];
  const outcome = 'no change to the previously active ACL rules was performed';
  return { text: `${errors}WARNING: ACL errors detected, ${outcome}` };
}

/** @returns what is wrong with the line's rules, each with a space behind it; '' when nothing */
function applyLine(
  user: User,
  words: readonly string[],
  where: string,
  newAllowsChannels: boolean,
): string {
  const rules = mergeSelectors(words);
  if (typeof rules === 'number') return `${where}: Unmatched parenthesis in selector definition.`;
  let errors = '';
  for (const rule of rules) {
    const trimmed = rule.replace(/^[\t\r\n]+|[\t\r\n]+$/g, '');
    const error = user.apply(trimmed, newAllowsChannels);
    if (error !== null) errors += `${where}: ${error}. `;
  }
  return errors;
}
