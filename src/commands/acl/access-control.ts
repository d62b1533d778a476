import type { SecurityConfiguration } from '../../base/configuration.ts';
import type { Frame } from '../../base/frame.ts';
import type { CommandRow } from '../command-row.ts';
import { AccessCheck, VERDICT } from './access-check.ts';
import { AccessLog } from './access-log.ts';
import { CommandCatalog } from './command-catalog.ts';
import { describeUser } from './describe-user.ts';
import { type AccessFileError, parseUserLines } from './parse-users.ts';
import { hasSpace, PERMISSION } from './selector.ts';
import { mergeSelectors } from './split-rules.ts';
import { User } from './user.ts';

/**
 * The users of a node and what was refused to them. `default` always exists and is always the same
 * object: connections begin with it.
 */
export class AccessControl {
  readonly catalog: CommandCatalog;
  readonly check = new AccessCheck();
  readonly log = new AccessLog();
  readonly defaultUser: User;
  private readonly users = new Map<string, User>();
  private readonly security: SecurityConfiguration;

  constructor(rows: readonly CommandRow[], security: SecurityConfiguration) {
    this.catalog = CommandCatalog.of(rows);
    this.security = security;
    this.defaultUser = this.createUser('default');
    makeAlmighty(this.defaultUser);
    this.users.set('default', this.defaultUser);
    this.setDefaultPassword(security.requirepass);
  }

  /** Whether a connection must log in before it may do anything. */
  get needsLogin(): boolean {
    return !this.defaultUser.takesAnyPassword || !this.defaultUser.isEnabled;
  }

  /** New selectors begin with all channels. */
  get newAllowsChannels(): boolean {
    return this.security.aclPubsubDefault === 'allchannels';
  }

  /** @param name  one char per byte */
  find(name: string): User | undefined {
    return this.users.get(name);
  }

  /** By the bytes of their names. */
  sorted(): User[] {
    return [...this.users.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  /** One line each, as ACL LIST, files and redis.conf have them. */
  lines(): string[] {
    return this.sorted().map((user) => `user ${user.name} ${describeUser(user)}`);
  }

  /** Nothing was said of users but requirepass. */
  get isAsItBegan(): boolean {
    if (this.users.size > 1) return false;
    const fresh = new User('default', this.catalog, true);
    makeAlmighty(fresh);
    setPassword(fresh, this.security.requirepass);
    return describeUser(fresh) === describeUser(this.defaultUser);
  }

  /** A user that nobody can find yet: no password, disabled, nothing allowed. */
  createUser(name: string): User {
    return new User(name, this.catalog, this.newAllowsChannels);
  }

  /** Makes the user of that name what `draft` is. */
  replace(draft: User): User {
    let user = this.users.get(draft.name);
    if (user === undefined) {
      user = this.createUser(draft.name);
      this.users.set(draft.name, user);
    }
    user.copyFrom(draft);
    return user;
  }

  /** @returns the user that is no more; `default` cannot be removed */
  remove(name: string): User | undefined {
    const user = this.users.get(name);
    if (user === this.defaultUser) return undefined;
    this.users.delete(name);
    return user;
  }

  /** `requirepass`: the one password of the default user, none when empty. */
  setDefaultPassword(password: string): void {
    setPassword(this.defaultUser, password);
  }

  /**
   * The user whose name and password these are; null when there is none, or it is disabled. An
   * unknown name takes as long as a known one.
   * @param password  null: too long to be right
   */
  findLogin(name: string, password: Uint8Array | null): User | null {
    const user = this.users.get(name);
    const isRight = password !== null && (user ?? this.defaultUser).isPassword(password);
    if (user === undefined || !user.isEnabled) return null;
    return user.takesAnyPassword || isRight ? user : null;
  }

  /**
   * Users as redis.conf gives them, at start; `default` begins with nothing where it is named.
   * @param lines  `name rule rule ...`, one char per byte
   * @returns      what is wrong, or null
   */
  addConfigured(lines: readonly string[]): string | null {
    const seen = new Set<string>();
    for (const line of lines) {
      const [name, ...words] = line.split(' ');
      if (seen.has(name)) {
        return `user ${name}: Duplicate user found. A user can only be defined once`;
      }
      seen.add(name);
      const draft = this.createUser(name);
      if (name === 'default') draft.apply('reset', this.newAllowsChannels);
      const error = this.applyWords(draft, words);
      if (error !== null) return `user ${name}: ${error}`;
      this.replace(draft);
    }
    return null;
  }

  private applyWords(draft: User, words: readonly string[]): string | null {
    if (hasSpace(draft.name)) return 'Spaces not allowed in ACL usernames';
    const rules = mergeSelectors(words);
    if (typeof rules === 'number') return 'Unmatched parenthesis in selector definition';
    for (const rule of rules) {
      const error = draft.apply(rule, this.newAllowsChannels);
      const isSecret = rule.startsWith('>') || rule.startsWith('<');
      if (error !== null) return `${isSecret ? 'a password' : rule}: ${error}`;
    }
    return null;
  }

  /**
   * Replaces all users by those of a file's text; none when there is anything wrong with it.
   * @returns what is wrong, or the users that are no more
   */
  load(text: string, path: string): AccessFileError | User[] {
    const drafts = parseUserLines(text, path, this);
    if (!Array.isArray(drafts)) return drafts;
    const before = [...this.users.values()];
    const byDefault = this.createUser('default');
    makeAlmighty(byDefault);
    this.users.clear();
    this.users.set('default', this.defaultUser);
    this.defaultUser.copyFrom(byDefault);
    for (const draft of drafts) this.replace(draft);
    return before.filter((user) => user !== this.defaultUser);
  }

  /**
   * Whether the user may read keys that its command does not name, as SORT BY and GET do.
   * @param user  null may do everything
   */
  mayReadEveryKey(user: User | null, row: CommandRow, frame: Frame): boolean {
    if (user === null || user.isUnrestricted) return true;
    return this.check.mayUseEveryKey(user, this.catalog.entryOf(row), frame, PERMISSION.READ);
  }

  /** Whether the user may run the command; a user that is null may do everything. */
  allows(user: User | null, row: CommandRow, frame: Frame): boolean {
    if (user === null || user.isUnrestricted) return true;
    return this.check.check(user, this.catalog.entryOf(row), frame) === VERDICT.ALLOWED;
  }
}

function makeAlmighty(user: User): void {
  for (const rule of ['+@all', '~*', '&*', 'on', 'nopass']) user.apply(rule, true);
  user.settle();
}

/** @param password  empty: none is needed */
function setPassword(user: User, password: string): void {
  const bytes = Buffer.from(password, 'utf8').toString('latin1');
  user.apply('resetpass', false);
  user.apply(password === '' ? 'nopass' : `>${bytes}`, false);
}
