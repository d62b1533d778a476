/** How tools reach a running node: by its HTTP port, with the password that they are given. */
import { NodeError } from '../../base/errors.ts';
import type { RequestAnswer } from '../../base/world.ts';
import { PASSWORD_VARIABLE } from '../../config/sources/environment.ts';
import type { ToolRun } from '../tool-arguments.ts';
import type { FlagRow } from '../tool-row.ts';

const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

/** Of every tool that asks a node. */
export const LOGIN_FLAGS: readonly FlagRow[] = [
  { usage: '--user <name>', help: 'who asks; the password is read from HYPERCACHE_PASSWORD' },
  { usage: '--ca <file>', help: "who signed the node's certificate" },
];

/** What every request to a node of this tool has. */
export interface NodeAccess {
  readonly headers: Readonly<Record<string, string>>;
  readonly authorities: string | null;
}

export interface NodeAnswer {
  readonly status: number;
  /** Null: it was no JSON object. */
  readonly facts: Readonly<Record<string, unknown>> | null;
}

export interface NodeQuestion {
  readonly url: string;
  readonly method?: 'GET' | 'POST' | 'DELETE';
  /** Sent as JSON. */
  readonly body?: object;
  /** So long nothing may come. */
  readonly silenceMs?: number;
}

const SILENCE_MS = 10_000;

/**
 * Asks for JSON.
 * @throws NodeError REQUEST_FAILED when nobody answers
 */
export async function askNode(tool: ToolRun, question: NodeQuestion): Promise<NodeAnswer> {
  const { body, method = 'GET', silenceMs = SILENCE_MS, url } = question;
  const { authorities, headers } = accessOf(tool);
  const answer = await tool.world.network.request({
    url,
    method,
    headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    authorities,
    silenceMs,
  });
  return { status: answer.status, facts: parseFacts(await textOf(answer, ANSWER_BYTES_MAX)) };
}

/** @throws NodeError REQUEST_FAILED also when the node refuses */
export async function requireFacts(
  tool: ToolRun,
  question: NodeQuestion,
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await askNode(tool, question);
  if (answer.status >= 200 && answer.status < 300 && answer.facts !== null) return answer.facts;
  const reason = whyRefused(tool, answer);
  const { status } = answer;
  throw new NodeError('REQUEST_FAILED', `${question.url} answers ${status}: ${reason}`, { status });
}

export function whyRefused(tool: ToolRun, { facts, status }: NodeAnswer): string {
  if (status === 401) {
    return hasCredentials(tool)
      ? 'the password, or the user, is wrong'
      : `it wants a password: ${PASSWORD_VARIABLE}, or security.requirepass`;
  }
  return reasonIn(facts);
}

export function accessOf(tool: ToolRun): NodeAccess {
  return { headers: credentialsOf(tool), authorities: readAuthorities(tool) };
}

/** A password never stands on the command line, where others see it. */
export function passwordOf({ configuration, world }: ToolRun): string {
  return world.host.environment[PASSWORD_VARIABLE] ?? configuration.security.requirepass;
}

function credentialsOf(tool: ToolRun): Record<string, string> {
  if (!hasCredentials(tool)) return {};
  const user = tool.flags.get('user') ?? 'default';
  const pair = Buffer.from(`${user}:${passwordOf(tool)}`, 'utf8').toString('base64');
  return { authorization: `Basic ${pair}` };
}

function hasCredentials(tool: ToolRun): boolean {
  return passwordOf(tool) !== '' || tool.flags.has('user');
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
export async function reasonOf(tool: ToolRun, answer: RequestAnswer): Promise<string> {
  const facts = parseFacts(await textOf(answer, REASON_BYTES_MAX));
  return whyRefused(tool, { status: answer.status, facts });
}

const REASON_BYTES_MAX = 4096;

function reasonIn(facts: NodeAnswer['facts']): string {
  if (facts === null) return 'it is no node of ours';
  return typeof facts['error'] === 'string' ? facts['error'] : 'it does not say why';
}

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
