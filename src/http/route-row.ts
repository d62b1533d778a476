/**
 * What a route is. One row says all: the framework's registration, the checks before it, the API
 * description and the tests follow from it.
 */
import type { CommandCaller } from '../commands/direct/command-caller.ts';
import type { NodeServices } from '../commands/node-services.ts';
import type { Store } from '../engine/store.ts';
import type { FiguresFeed } from './page/figures-feed.ts';

/** A JSON schema as data. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface RouteRow {
  /** HEAD follows from GET. */
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /**
   * `:name` is one part of the path. A `:key` is the rest of it, any bytes: see
   * `route-address.ts`. A `:store` names the store that the request's commands work on.
   */
  readonly path: string;
  /** Unique, such as `getKey`; also the `action` of log lines. */
  readonly operationId: string;
  /** One sentence, no full stop. */
  readonly summary: string;
  /** Heading in the API description. */
  readonly tag: string;
  readonly access: RouteAccess;
  readonly query?: JsonSchema;
  readonly body?: RouteBody;
  /** By status; of those that every route has only what differs. */
  readonly responses: Readonly<Record<number, RouteResponse>>;
  readonly handle: (request: RouteRequest) => RouteAnswer | Promise<RouteAnswer>;
}

/**
 * `open`: nobody need log in. `door`: the route runs that command, and the door checks it.
 * `route`: the user must be allowed that command, though another or none is run.
 */
export type RouteAccess =
  | { readonly by: 'open' }
  | { readonly by: 'door' | 'route'; readonly command: string };

export interface RouteBody {
  readonly schema: JsonSchema;
  /** The handler gets the bytes; else what JSON.parse made. It checks either by itself. */
  readonly isRaw?: true;
  /** `application/octet-stream` is taken as well; only with `isRaw`. */
  readonly takesBytes?: true;
}

export interface RouteResponse {
  readonly description: string;
  readonly schema?: JsonSchema;
  /** Unless `application/json`. */
  readonly contentType?: string;
}

export interface RouteRequest {
  readonly services: NodeServices;
  /** Runs commands as the request's user, on `store`. */
  readonly caller: CommandCaller;
  /** The one that the path names, else `default`. */
  readonly store: Store;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Parsed JSON; bytes of a raw body; undefined when there was none. */
  readonly body: unknown;
  /** The body came as bytes, not as JSON. */
  readonly isBytes: boolean;
  /** The client asks for bytes, not for JSON. */
  readonly wantsBytes: boolean;
  /** The answer may be packed. */
  readonly takesGzip: boolean;
  readonly correlationId: string;
  /** Known when all its commands are answered, false before. */
  readonly outcome: RequestOutcome;
  /** False where a password is set and the route is open to those who gave none. */
  readonly isLoggedIn: boolean;
  /** The metrics as text. */
  readonly metrics: { text(): Promise<string> };
  readonly feed: FiguresFeed;
}

/** What became of the commands of a request. */
export interface RequestOutcome {
  /** This node executed them all. */
  readonly isLocal: boolean;
  /** Another node holds what they changed. */
  readonly isReplicated: boolean;
}

export const ALONE: RequestOutcome = { isLocal: true, isReplicated: false };

export interface RouteAnswer {
  readonly status: number;
  /** JSON members; `node` and `correlation_id` are added. */
  readonly facts?: Readonly<Record<string, unknown>>;
  /** The same as text: an object without its closing brace, such as `{"success":true`. */
  readonly json?: string;
  /** Anything else, with its type. */
  readonly content?: { readonly type: string; readonly bytes: string | Uint8Array };
  /** What is made while it is sent; `return` is called when the client is gone. */
  readonly stream?: { readonly type: string; readonly pieces: AsyncGenerator<Uint8Array, void> };
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that says what went wrong. */
export function refusal(
  status: number,
  error: string,
  facts: Readonly<Record<string, unknown>> = {},
): RouteAnswer {
  return { status, facts: { success: false, error, ...facts } };
}

/** The error reply of the command that the caller ran last. */
export function replyRefusal(
  caller: CommandCaller,
  facts: Readonly<Record<string, unknown>> = {},
): RouteAnswer {
  const text = String((caller.value(false) as Error).message);
  return refusal(statusOf(text), text, facts);
}

/** By the word that an error reply begins with; what is not here is the client's mistake. */
const STATUS_OF: Readonly<Record<string, number>> = {
  OOM: 507,
  NOPERM: 403,
  NOAUTH: 401,
  NOSTORE: 404,
  STOREEXISTS: 409,
  STORELIMIT: 429,
  LOADING: 503,
  BUSY: 503,
  MASTERDOWN: 503,
  CLUSTERDOWN: 503,
  NOREPLICAS: 503,
  READONLY: 503,
  MISCONF: 503,
  TRYAGAIN: 503,
};

export function statusOf(errorText: string): number {
  const end = errorText.indexOf(' ');
  const code = end < 0 ? errorText : errorText.slice(0, end);
  return Object.hasOwn(STATUS_OF, code) ? STATUS_OF[code] : 400;
}
