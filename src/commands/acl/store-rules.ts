import { globMatchesText } from '../../base/glob.ts';
import { cText, hasSpace, RULE_ERRORS } from './selector.ts';

/** The rules on stores that are whole words. */
export const STORE_WORDS: ReadonlySet<string> = new Set(['allstores', 'resetstores']);

/**
 * Which stores a user may use: all, unless rules said otherwise. Redis knows no such rules, so what
 * is shown of a user who may use all says nothing of stores.
 */
export class StoreRules {
  allowsAll = true;
  /** Globs, matched without regard to case. */
  patterns: string[] = [];

  copy(): StoreRules {
    const copy = new StoreRules();
    copy.allowsAll = this.allowsAll;
    copy.patterns = [...this.patterns];
    return copy;
  }

  /**
   * @param rule  `allstores`, `resetstores` or `$pattern`
   * @returns     null when it was applied, else why not
   */
  apply(rule: string): string | null {
    const word = cText(rule).toLowerCase();
    const allowsAll = word === 'allstores' || word === '$*';
    if (allowsAll || word === 'resetstores') {
      this.allowsAll = allowsAll;
      this.patterns = [];
      return null;
    }
    if (this.allowsAll) return RULE_ERRORS.storesAreAll;
    const pattern = rule.slice(1);
    if (pattern === '' || hasSpace(pattern)) return RULE_ERRORS.syntax;
    if (!this.patterns.includes(pattern)) this.patterns.push(pattern);
    return null;
  }

  allows(name: string): boolean {
    return this.allowsAll || this.patterns.some((pattern) => globMatchesText(pattern, name, true));
  }

  /** The rules that make these again; '' when there is nothing to say. */
  describe(): string {
    if (this.allowsAll) return '';
    return ['resetstores', ...this.patterns.map((pattern) => `$${pattern}`)].join(' ');
  }
}
