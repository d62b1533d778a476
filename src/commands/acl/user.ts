import { digestsEqual, sha256 } from '../../base/digest/sha256.ts';
import type { CommandCatalog } from './command-catalog.ts';
import { cText, RULE_ERRORS, Selector } from './selector.ts';
import { splitSelector } from './split-rules.ts';
import { STORE_WORDS, StoreRules } from './store-rules.ts';

const DIGEST_HEX = /^[0-9a-f]{64}$/;

/**
 * Who may log in how, and do what then. Sessions hold a user for as long as it exists: a change is
 * made to a copy, and copied over when all of it was accepted.
 */
export class User {
  /** One char per byte. */
  readonly name: string;
  isEnabled = false;
  /** Any password is right, and none is needed. */
  takesAnyPassword = false;
  /** Redis' flag as it was last set; '' when it never was. What it asks for is always done here. */
  sanitizing: '' | 'sanitize-payload' | 'skip-sanitize-payload' = '';
  /** SHA-256 of each. */
  digests: Uint8Array[] = [];
  root: Selector;
  /** Further selectors; one that allows a command is enough. */
  selectors: Selector[] = [];
  /** Which stores its sessions may stand in. */
  stores = new StoreRules();
  /** Grows whenever its rules change. */
  revision = 0;
  /** One selector allows everything: nothing needs to be checked. */
  isUnrestricted = false;
  private readonly catalog: CommandCatalog;

  constructor(name: string, catalog: CommandCatalog, allowsAllChannels: boolean) {
    this.name = name;
    this.catalog = catalog;
    this.root = new Selector(catalog, allowsAllChannels);
  }

  copyFrom(other: User): void {
    this.isEnabled = other.isEnabled;
    this.takesAnyPassword = other.takesAnyPassword;
    this.sanitizing = other.sanitizing;
    this.digests = [...other.digests];
    this.root = other.root.copy();
    this.selectors = other.selectors.map((selector) => selector.copy());
    this.stores = other.stores.copy();
    this.revision++;
    this.settle();
  }

  /** To be called after the last of several `apply`. */
  settle(): void {
    this.isUnrestricted =
      this.root.isUnrestricted || this.selectors.some((selector) => selector.isUnrestricted);
  }

  /**
   * @param rule               one char per byte; empty: nothing
   * @param newAllowsChannels  whether new selectors begin with all channels
   * @returns                  null when the rule was applied, else why not
   */
  apply(rule: string, newAllowsChannels: boolean): string | null {
    if (rule === '') return null;
    const word = cText(rule).toLowerCase();
    switch (word) {
      case 'on':
      case 'off':
        this.isEnabled = word === 'on';
        return null;
      case 'sanitize-payload':
      case 'skip-sanitize-payload':
        this.sanitizing = word;
        return null;
      case 'nopass':
      case 'resetpass':
        this.takesAnyPassword = word === 'nopass';
        this.digests = [];
        return null;
      case 'clearselectors':
        this.selectors = [];
        return null;
      case 'reset':
        this.reset(newAllowsChannels);
        return null;
    }
    const sign = rule.charAt(0);
    if (sign === '$' || STORE_WORDS.has(word)) return this.stores.apply(rule);
    if (sign === '>' || sign === '#') return this.addPassword(rule);
    if (sign === '<' || sign === '!') return this.removePassword(rule);
    if (sign === '(' && rule.endsWith(')')) return this.addSelector(rule, newAllowsChannels);
    return this.root.apply(rule);
  }

  /** Compares with every password, however early one is right. */
  isPassword(password: Uint8Array): boolean {
    const digest = sha256(password);
    let isRight = false;
    for (const known of this.digests) isRight = digestsEqual(known, digest) || isRight;
    return isRight;
  }

  mayUseStore(name: string): boolean {
    return this.stores.allows(name);
  }

  private reset(allowsChannels: boolean): void {
    this.isEnabled = false;
    this.takesAnyPassword = false;
    this.digests = [];
    this.sanitizing = 'sanitize-payload';
    this.selectors = [];
    this.stores = new StoreRules();
    this.root.setAllKeys(false);
    this.root.setAllChannels(allowsChannels);
    this.root.setAllCommands(false);
  }

  private addPassword(rule: string): string | null {
    const digest = digestOf(rule);
    if (digest === null) return RULE_ERRORS.passwordHash;
    if (!this.digests.some((known) => digestsEqual(known, digest))) this.digests.push(digest);
    this.takesAnyPassword = false;
    return null;
  }

  private removePassword(rule: string): string | null {
    const digest = digestOf(rule);
    if (digest === null) return RULE_ERRORS.passwordHash;
    const index = this.digests.findIndex((known) => digestsEqual(known, digest));
    if (index < 0) return RULE_ERRORS.noSuchPassword;
    this.digests.splice(index, 1);
    return null;
  }

  private addSelector(rule: string, allowsChannels: boolean): string | null {
    const selector = new Selector(this.catalog, allowsChannels);
    for (const inner of splitSelector(rule)) {
      const error = selector.apply(inner);
      if (error !== null) return error;
    }
    this.selectors.push(selector);
    return null;
  }
}

/** Of `>password` and `<password`, or of the digest itself in `#digest` and `!digest`. */
function digestOf(rule: string): Uint8Array | null {
  const text = rule.slice(1);
  if (rule.charAt(0) === '>' || rule.charAt(0) === '<') return sha256(Buffer.from(text, 'latin1'));
  return DIGEST_HEX.test(text) ? Uint8Array.from(Buffer.from(text, 'hex')) : null;
}
