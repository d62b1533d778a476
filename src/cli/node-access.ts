/** How tools reach a running node: by its HTTP port, with the password that they are given. */
import type { Configuration } from '../base/configuration.ts';
import { NodeError } from '../base/errors.ts';
import type { RequestAnswer } from '../base/world.ts';
import { PASSWORD_VARIABLE } from '../config/sources/environment.ts';
import type { ToolRun } from './tool-arguments.ts';

const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
const EVERY_ADDRESS = ['0.0.0.0', '::', '*', ''];

/** What every request to a node of this tool has. */
export interface NodeAccess {
  readonly headers: Readonly<Record<string, string>>;
  readonly authorities: string | null;
}

export function accessOf(tool: ToolRun): NodeAccess {
  return { headers: credentialsOf(tool), authorities: readAuthorities(tool) };
}

/**
 * Asks for JSON.
 * @returns the status and what came; null: it is no JSON object
 * @throws NodeError REQUEST_FAILED when nobody answers
 */
export async function askNode(
  { world }: Pick<ToolRun, 'world'>,
  asked: NodeAccess & { readonly url: string; readonly method?: 'GET' | 'POST' },
  silenceMs: number,
): Promise<{ status: number; facts: Readonly<Record<string, unknown>> | null }> {
  const { authorities, headers, method = 'GET', url } = asked;
  const answer = await world.network.request({ url, method, headers, authorities, silenceMs });
  return { status: answer.status, facts: parseFacts(await textOf(answer, ANSWER_BYTES_MAX)) };
}

/** The node that would start with these settings, on this machine. */
export function addressOf({ http, network }: Configuration, port = network.httpPort): string {
  const bound = network.httpBindAddr;
  const host = EVERY_ADDRESS.includes(bound) ? '127.0.0.1' : bound;
  const inUrl = host.includes(':') ? `[${host}]` : host;
  return `${http.isTls ? 'https' : 'http'}://${inUrl}:${port}`;
}

/** A password never stands on the command line, where others see it. */
export function credentialsOf({ configuration, flags, world }: ToolRun): Record<string, string> {
  const password = world.host.environment[PASSWORD_VARIABLE] ?? configuration.security.requirepass;
  const user = flags.get('user');
  if (password === '' && user === undefined) return {};
  const pair = Buffer.from(`${user ?? 'default'}:${password}`, 'utf8').toString('base64');
  return { authorization: `Basic ${pair}` };
}

/** Who signed the node's certificate. */
export function readAuthorities({ flags, world }: ToolRun): string | null {
  const path = flags.get('ca');
  if (path === undefined) return null;
  const bytes = world.disk.readFile(path);
  if (bytes === null) throw new NodeError('DISK_REFUSED', `There is no file ${path}`, { path });
  return Buffer.from(bytes).toString('utf8');
}

/** What the node says, which is JSON with an `error`. */
export async function reasonOf(answer: RequestAnswer): Promise<string> {
  const facts = parseFacts(await textOf(answer, REASON_BYTES_MAX));
  if (facts === null) return 'it is no node of ours';
  return typeof facts['error'] === 'string' ? facts['error'] : 'it does not say why';
}

const REASON_BYTES_MAX = 4096;

async function textOf({ body }: RequestAnswer, byteCountMax: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let byteCount = 0;
  for await (const piece of body) {
    if (byteCount < byteCountMax) pieces.push(Uint8Array.from(piece));
    byteCount += piece.length;
  }
  return Buffer.concat(pieces).toString('utf8');
}

function parseFacts(text: string): Record<string, unknown> | null {
  try {
    const facts: unknown = JSON.parse(text);
    return typeof facts === 'object' ? (facts as Record<string, unknown> | null) : null;
  } catch {
    // Not ours: the caller says so.
    return null;
  }
}
