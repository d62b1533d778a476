/**
 * Regular expressions of query filters, in time linear in the tag's value: they come from others,
 * and the language's own can be made to take for ever. It knows what filters are written with:
 * literals, `.`, classes, `\d \w \s`, groups, `|`, `* + ?`, `^`, `$`. A value that is matched
 * anywhere passes; what is not understood matches nothing.
 * @source Thompson 1968: Regular expression search algorithm
 */
const EXPRESSION_LENGTH_MAX = 512;
const NESTING_MAX = 16;

type Test = (character: string) => boolean;

/** `split` goes both ways; `test` takes one character; `start` and `end` take none. */
type State =
  | { readonly kind: 'split'; next: number; other: number }
  | { readonly kind: 'test'; readonly test: Test; next: number }
  | { readonly kind: 'start' | 'end'; next: number }
  | { readonly kind: 'match' };

export function matchesExpression(expression: string, value: string): boolean {
  if (expression.length > EXPRESSION_LENGTH_MAX) return false;
  const compiler = new Compiler(expression);
  const first = compiler.compile();
  return first !== -1 && run(compiler.states, first, [...value]);
}

function run(states: readonly State[], first: number, characters: readonly string[]): boolean {
  let current = new Set<number>();
  for (let at = 0; at <= characters.length; at++) {
    // The match may begin anywhere.
    current.add(first);
    const reached = close(states, current, at === 0, at === characters.length);
    const next = new Set<number>();
    for (const index of reached) {
      const state = states[index];
      if (state.kind === 'match') return true;
      if (state.kind !== 'test' || at === characters.length) continue;
      if (state.test(characters[at])) next.add(state.next);
    }
    current = next;
  }
  return false;
}

/** All that is reached without taking a character. */
function close(
  states: readonly State[],
  from: ReadonlySet<number>,
  isStart: boolean,
  isEnd: boolean,
): ReadonlySet<number> {
  const reached = new Set<number>();
  const waiting = [...from];
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    if (reached.has(index)) continue;
    reached.add(index);
    const state = states[index];
    if (state.kind === 'split') waiting.push(state.next, state.other);
    else if (state.kind === 'start' && isStart) waiting.push(state.next);
    else if (state.kind === 'end' && isEnd) waiting.push(state.next);
  }
  return reached;
}

/** Builds from the right: each part is told the state that follows it. */
class Compiler {
  readonly states: State[] = [];
  private readonly text: string;
  private at = 0;
  private isBroken = false;

  constructor(text: string) {
    this.text = text;
  }

  /** @returns the first state, or -1 */
  compile(): number {
    const build = this.parseChoice(0);
    if (this.isBroken || this.at < this.text.length) return -1;
    return build(this.add({ kind: 'match' }));
  }

  private parseChoice(depth: number): (next: number) => number {
    let left = this.parseSequence(depth);
    while (this.text[this.at] === '|') {
      this.at++;
      const before = left;
      const right = this.parseSequence(depth);
      left = (next) => this.add({ kind: 'split', next: before(next), other: right(next) });
    }
    return left;
  }

  private parseSequence(depth: number): (next: number) => number {
    const parts: ((next: number) => number)[] = [];
    while (this.at < this.text.length && !'|)'.includes(this.text[this.at]) && !this.isBroken) {
      parts.push(this.parseRepeated(depth));
    }
    return (next) => parts.reduceRight((after, part) => part(after), next);
  }

  private parseRepeated(depth: number): (next: number) => number {
    const once = this.parseOne(depth);
    const sign = this.text[this.at];
    if (sign !== '*' && sign !== '+' && sign !== '?') return once;
    this.at++;
    // Lazy or greedy, whether anything matches is the same.
    if (this.text[this.at] === '?') this.at++;
    return (next) => {
      const split = { kind: 'split' as const, next, other: next };
      const index = this.add(split);
      const body = once(sign === '?' ? next : index);
      split.other = body;
      return sign === '+' ? body : index;
    };
  }

  private parseOne(depth: number): (next: number) => number {
    const sign = this.text[this.at++];
    switch (sign) {
      case '(':
        return this.parseGroup(depth);
      case '[':
        return this.taking(this.parseClass());
      case '.':
        return this.taking((character) => character !== '\n');
      case '^':
        return (next) => this.add({ kind: 'start', next });
      case '$':
        return (next) => this.add({ kind: 'end', next });
      case '\\':
        return this.taking(this.parseEscape());
      case '*':
      case '+':
      case '?':
      case '{':
        this.isBroken = true;
        return (next) => next;
      default:
        return this.taking((character) => character === sign);
    }
  }

  private parseGroup(depth: number): (next: number) => number {
    if (this.text.startsWith('?:', this.at)) this.at += 2;
    if (depth === NESTING_MAX) this.isBroken = true;
    if (this.isBroken) return (next) => next;
    const inner = this.parseChoice(depth + 1);
    if (this.text[this.at++] !== ')') this.isBroken = true;
    return inner;
  }

  private parseClass(): Test {
    const isNegated = this.text[this.at] === '^';
    if (isNegated) this.at++;
    const tests: Test[] = [];
    for (let isFirst = true; isFirst || this.text[this.at] !== ']'; isFirst = false) {
      if (this.at >= this.text.length) {
        this.isBroken = true;
        return () => false;
      }
      tests.push(this.parseClassPart());
    }
    this.at++;
    return (character) => tests.some((test) => test(character)) !== isNegated;
  }

  private parseClassPart(): Test {
    const first = this.text[this.at++];
    if (first === '\\') return this.parseEscape();
    const last = this.text[this.at + 1];
    if (this.text[this.at] !== '-' || last === ']' || last === undefined) {
      return (character) => character === first;
    }
    this.at += 2;
    return (character) => character >= first && character <= last;
  }

  private parseEscape(): Test {
    const letter = this.text[this.at++];
    const isLower = letter === letter?.toLowerCase();
    switch (letter?.toLowerCase()) {
      case 'd':
        return (character) => /^\d$/.test(character) === isLower;
      case 'w':
        return (character) => /^\w$/.test(character) === isLower;
      case 's':
        return (character) => /^\s$/.test(character) === isLower;
      default:
        if (letter === undefined || /[a-z0-9]/i.test(letter)) this.isBroken = true;
        return (character) => character === letter;
    }
  }

  private add(state: State): number {
    return this.states.push(state) - 1;
  }

  private taking(test: Test): (next: number) => number {
    return (next) => this.add({ kind: 'test', test, next });
  }
}
