/**
 * Requests to the node that served the page. Name and password are kept in memory alone: a page
 * that is closed or loaded anew asks again, and no other page can send them.
 */
import { signal } from '@preact/signals';

/** A reply as `/api/command` answers it. */
export type Reply =
  | { readonly type: 'null' }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'integer'; readonly value: number | string }
  | { readonly type: 'double' | 'bignum' | 'status' | 'error'; readonly value: string }
  | { readonly type: 'bulk' | 'verbatim'; readonly value?: string; readonly base64?: string }
  | { readonly type: 'array' | 'set'; readonly value: readonly Reply[] }
  | { readonly type: 'map'; readonly value: readonly (readonly [Reply, Reply])[] };

/** An argument: text, or bytes that are none. */
export type Word = string | { readonly base64: string };

/** `unknown` until the node has said whether it wants one. */
export const login = signal<'unknown' | 'needed' | 'done'>('unknown');
export const userName = signal('');
let authorization = '';

export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

/** @returns what is wrong, '' when the page is logged in */
export async function logIn(user: string, password: string): Promise<string> {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  authorization = `Basic ${btoa(String.fromCharCode(...bytes))}`;
  try {
    await request('GET', '/api/login');
    userName.value = user || 'default';
    login.value = 'done';
    return '';
  } catch (error) {
    authorization = '';
    const isRefused = error instanceof ApiError && error.status === 401;
    return isRefused ? 'Name or password is wrong.' : textOf(error);
  }
}

export function logOut(): void {
  authorization = '';
  userName.value = '';
  login.value = 'needed';
}

/** Without a password of the node the page needs no login. */
export async function findWhetherLoginIsNeeded(): Promise<void> {
  try {
    const { logged_in: isLoggedIn } = await ask<{ logged_in: boolean }>('GET', '/api/login');
    login.value = isLoggedIn ? 'done' : 'needed';
  } catch {
    // It will say so itself, once it is asked for something.
    login.value = 'done';
  }
}

/** @throws ApiError when the node refuses, TypeError when it does not answer */
export async function request(
  method: string,
  path: string,
  { body, signal }: { body?: unknown; signal?: AbortSignal } = {},
): Promise<Response> {
  const response = await fetch(path, {
    method,
    // Else the browser would show a login of its own, and keep what is typed there.
    credentials: 'omit',
    ...(signal === undefined ? {} : { signal }),
    headers: {
      ...(authorization === '' ? {} : { authorization }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (response.ok) return response;
  if (response.status === 401) login.value = 'needed';
  const facts = await response.json().catch(() => ({}));
  throw new ApiError(response.status, facts.error ?? `The node answered ${response.status}`);
}

/** The answer's JSON, of which the caller knows what is in it. */
export async function ask<Facts>(method: string, path: string, body?: unknown): Promise<Facts> {
  return (await request(method, path, { body })).json();
}

/** Runs one command on a store. An error reply comes back as a value. */
export async function run(store: string, ...command: Word[]): Promise<Reply> {
  const path = `/api/stores/${encodeURIComponent(store)}/command`;
  return (await ask<{ reply: Reply }>('POST', path, { command })).reply;
}

/** The same where an error reply ends what is done. */
export async function must(store: string, ...command: Word[]): Promise<Reply> {
  const reply = await run(store, ...command);
  if (reply.type === 'error') throw new ApiError(200, reply.value);
  return reply;
}

export async function storeNames(): Promise<string[]> {
  const { stores } = await ask<{ stores: { name: string }[] }>('GET', '/api/stores');
  return stores.map(({ name }) => name);
}

export function textOf(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  return 'The node does not answer. Is it running?';
}

/** Elements of an array or a set; of a map its keys and values in turn. */
export function items(reply: Reply): readonly Reply[] {
  if (reply.type === 'array' || reply.type === 'set') return reply.value;
  return reply.type === 'map' ? reply.value.flat() : [];
}

/** As a word, so that bytes that are no text stay what they are. */
export function word(reply: Reply): Word {
  if ('base64' in reply && reply.base64 !== undefined) return { base64: reply.base64 };
  return 'value' in reply ? String(reply.value) : '';
}

/** Text and bytes that are shown alike are two words all the same. */
export function idOf(one: Word): string {
  return typeof one === 'string' ? `text ${one}` : `bytes ${one.base64}`;
}

/** For people: bytes that are no text as escapes, as redis-cli has them. */
export function show(one: Word): string {
  if (typeof one === 'string') return one;
  return Array.from(atob(one.base64), (char) => {
    if (char >= ' ' && char <= '~') return char;
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  }).join('');
}

export function text(reply: Reply | undefined): string {
  return reply === undefined ? '' : show(word(reply));
}
