import type { SecurityConfiguration } from '../../base/configuration.ts';
import { NodeError } from '../../base/errors.ts';
import type { Disk } from '../../base/world.ts';
import type { AccessControl } from './access-control.ts';
import type { User } from './user.ts';

/**
 * Users as the configuration gives them, at start: by lines of its own or in an ACL file.
 * @returns what is wrong, or null
 */
export function loadUsers(
  access: AccessControl,
  security: SecurityConfiguration,
  disk: Disk,
): string | null {
  const { aclFile, users } = security;
  if (aclFile !== '' && users.length > 0) {
    return (
      'Configuring Redis with users defined in redis.conf and at the same setting an ACL file ' +
      'path is invalid: define either an ACL file or users, but not both'
    );
  }
  if (aclFile === '') {
    const lines = users.map((line) => Buffer.from(line, 'utf8').toString('latin1'));
    const error = access.addConfigured(lines);
    return error === null ? null : `Error loading ACLs: ${error}`;
  }
  const loaded = loadAccessFile(access, aclFile, disk);
  return typeof loaded === 'string'
    ? `Aborting Redis startup because of ACL errors: ${loaded}`
    : null;
}

/** @returns what is wrong, and then nothing was changed; or the users that are no more */
export function loadAccessFile(access: AccessControl, path: string, disk: Disk): string | User[] {
  const opening = `Error loading ACLs, opening file '${path}'`;
  try {
    const bytes = disk.readFile(path);
    if (bytes === null) return `${opening}: No such file or directory`;
    const loaded = access.load(Buffer.from(bytes).toString('latin1'), path);
    return Array.isArray(loaded) ? loaded : loaded.text;
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    return `${opening}: ${error.message}`;
  }
}

/** @throws NodeError when the file cannot be written */
export function saveAccessFile(access: AccessControl, path: string, disk: Disk): void {
  const text = access
    .lines()
    .map((line) => `${line}\n`)
    .join('');
  disk.writeFileAtomic(path, Buffer.from(text, 'latin1'));
}

/**
 * What CONFIG REWRITE puts down of users: nothing when they are in a file of their own, or when
 * there is nothing to say.
 */
export function configuredUsers(access: AccessControl, security: SecurityConfiguration): string[] {
  if (security.aclFile !== '' || access.isAsItBegan) return [];
  const prefix = 'user '.length;
  return access.lines().map((line) => Buffer.from(line.slice(prefix), 'latin1').toString('utf8'));
}
