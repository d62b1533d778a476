import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { patiently } from '../support/patience.ts';
import { MAIN, scratchFolder } from '../support/server.ts';

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Runs the words of the command in another program, such as a shell. */
  readonly wrap?: (words: readonly string[]) => string[];
}

const ENDS_WITHIN_MS = 20_000;

/** The `hypercache` command, as a person runs it: in an empty folder, beside a node. */
export async function runTool(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { env = {}, wrap = (words) => [...words] } = options;
  const [program = '', ...words] = wrap([process.execPath, MAIN, ...args]);
  const child = spawn(program, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: scratchFolder(),
    env: { ...process.env, ...env },
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), patiently(ENDS_WITHIN_MS));
  let [out, error] = ['', ''];
  child.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    error += bytes.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { code, out, error };
}

/** Of a command that prints JSON. */
export async function readTool<Facts>(
  args: readonly string[],
  options: RunOptions = {},
): Promise<{ readonly code: number | null; readonly facts: Facts }> {
  const { code, error, out } = await runTool([...args, '--json'], options);
  try {
    return { code, facts: JSON.parse(out) };
  } catch {
    throw new Error(`${args.join(' ')} prints no JSON: ${out}${error}`);
  }
}
