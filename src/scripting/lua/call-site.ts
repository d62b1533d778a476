/** A place in a script that can fail, for messages: the line and how its operands are named. */
export class CallSite {
  /** Of the chunk, as messages show it. */
  readonly chunkName: string;
  readonly line: number;
  /** "local 'x'", "global 'f'", "field 'y'", "method 'm'", "upvalue 'u'", or null. */
  readonly first: string | null;
  /** Of the second operand. */
  readonly second: string | null;

  constructor(chunkName: string, line: number, first: string | null, second: string | null) {
    this.chunkName = chunkName;
    this.line = line;
    this.first = first;
    this.second = second;
  }
}

/** The caller is no Lua code: nothing is known. */
export const NO_SITE = new CallSite('', 0, null, null);

/** "user_script:3: ", or '' where no Lua code is running. */
export function positionText(site: CallSite): string {
  return site.line === 0 ? '' : `${site.chunkName}:${site.line}: `;
}
