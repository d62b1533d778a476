/** The fenced blocks of a page, and what their commands are expected to print. */

export interface Block {
  /** First word behind the fence: `sh`, `js`, `redis`, `yaml`, `conf`, `json`; '' for a drawing. */
  readonly language: string;
  /** Second word: `start`, `alone`, `elsewhere`, or the name of a file that the block becomes. */
  readonly mode: string;
  readonly body: string;
  /** Of the fence, from 1. */
  readonly line: number;
}

export interface ShellCommand {
  /** With its comment, which the shell passes over. */
  readonly text: string;
  /** What the comment behind it says that it prints; null: anything. */
  readonly expected: string | null;
}

export function readBlocks(page: string): Block[] {
  const blocks: Block[] = [];
  for (const match of page.matchAll(/^```(\w*) ?(\S*)\n([\s\S]*?)^```$/gm)) {
    const [, language, mode, body] = match;
    blocks.push({ language, mode, body, line: page.slice(0, match.index).split('\n').length });
  }
  return blocks;
}

/** A command goes on behind `\` at the end of a line, and until a here-document's last line. */
export function splitCommands(body: string): ShellCommand[] {
  const commands: ShellCommand[] = [];
  let lines: string[] = [];
  let lastLine: string | null = null;
  for (const line of body.trimEnd().split('\n')) {
    if (lines.length === 0 && /^\s*(#|$)/.test(line)) continue;
    lines.push(line);
    if (lastLine !== null && line !== lastLine) continue;
    lastLine = lastLine === null ? (/<<'?(\w+)'?/.exec(line)?.[1] ?? null) : null;
    if (lastLine !== null || line.endsWith('\\')) continue;
    const [, expected = null] = / # (.*)$/.exec(line) ?? [];
    commands.push({ text: lines.join('\n'), expected });
    lines = [];
  }
  return commands;
}

const GAP = '...';

/** Whether a text holds all parts of what is expected, in order; `...` stands for anything. */
export function holds(text: string, expected: string): boolean {
  let from = 0;
  for (const part of expected.split(GAP)) {
    const found = text.indexOf(part.trim(), from);
    if (found < 0) return false;
    from = found + part.trim().length;
  }
  return true;
}
