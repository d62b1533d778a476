import { Frame } from '../../base/frame.ts';
import { splitInline } from '../../protocol/inline.ts';
import { cText } from './selector.ts';

/**
 * Puts together what belongs to one selector: `(+get ~a)` may come as the words `(+get` and `~a)`.
 * @returns the rules, or the index of the word that opens a parenthesis nobody closes
 */
export function mergeSelectors(words: readonly string[]): string[] | number {
  const rules: string[] = [];
  let openedAt = -1;
  let selector = '';
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word.startsWith('(') && !word.endsWith(')')) {
      selector = word;
      openedAt = i;
    } else if (openedAt >= 0) {
      selector += ` ${word}`;
      if (!word.endsWith(')')) continue;
      rules.push(selector);
      openedAt = -1;
    } else {
      rules.push(word);
    }
  }
  return openedAt >= 0 ? openedAt : rules;
}

/** The rules inside of `(...)`, quoted as inline commands are; none when a quote is left open. */
export function splitSelector(rule: string): string[] {
  const bytes = Buffer.from(cText(rule.slice(1, -1)), 'latin1');
  const frame = new Frame();
  frame.attach(bytes);
  if (!splitInline(frame, bytes, 0, bytes.length)) return [];
  return Array.from({ length: frame.count }, (_, i) => frame.latin1(i));
}
