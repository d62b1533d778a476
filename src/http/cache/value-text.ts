import { isUtf8 } from 'node:buffer';
import type { ReplyValue } from '../../protocol/reply-values.ts';

/** Bytes as a member of an answer: text, or base64 where they are no UTF-8. */
export function textOrBase64(bytes: Buffer): { readonly text: string; readonly isBase64: boolean } {
  const isText = isUtf8(bytes);
  return { text: JSON.stringify(bytes.toString(isText ? 'utf8' : 'base64')), isBase64: !isText };
}

/** `"key":"a"`, and how it is written when it is no UTF-8. */
export function keyMembers(key: Buffer): string {
  const { text, isBase64 } = textOrBase64(key);
  return isBase64 ? `"key":${text},"key_encoding":"base64"` : `"key":${text}`;
}

/** The same as members of an answer that is not written as text. */
export function keyFacts(key: Buffer): Record<string, string> {
  return isUtf8(key)
    ? { key: key.toString() }
    : { key: key.toString('base64'), key_encoding: 'base64' };
}

/** Writes elements of a collection: all as text, or all in base64 when one is no UTF-8. */
export class ElementWriter {
  private readonly encoding: 'utf8' | 'base64';

  constructor(elements: readonly ReplyValue[]) {
    this.encoding = elements.every(isText) ? 'utf8' : 'base64';
  }

  get isBase64(): boolean {
    return this.encoding === 'base64';
  }

  /** One element, as a JSON string. */
  text(element: ReplyValue): string {
    return JSON.stringify((element as Buffer).toString(this.encoding));
  }

  list(elements: readonly ReplyValue[]): string {
    return `[${elements.map((element) => this.text(element)).join()}]`;
  }

  /** Of `name value name value`; a name that stands twice holds an array of its values. */
  object(pairs: readonly ReplyValue[]): string {
    const members = new Map<string, string[]>();
    for (let i = 0; i < pairs.length; i += 2) {
      const name = this.text(pairs[i]);
      const values = members.get(name);
      if (values === undefined) members.set(name, [this.text(pairs[i + 1])]);
      else values.push(this.text(pairs[i + 1]));
    }
    const texts: string[] = [];
    for (const [name, values] of members) {
      texts.push(`${name}:${values.length === 1 ? values[0] : `[${values.join()}]`}`);
    }
    return `{${texts.join()}}`;
  }
}

function isText(element: ReplyValue): boolean {
  if (Array.isArray(element)) return element.every(isText);
  return !Buffer.isBuffer(element) || isUtf8(element);
}
