/**
 * The web framework's side of the routes: registers each row, runs the checks that all have in
 * common, hands the request to the row's handler and sends what it answers.
 *
 *     address     a key becomes base64url (route-address.ts)
 *     onRequest   correlation id, host, origin, address, rate, login (request-checks.ts)
 *     handler     pause over? user may? -> row.handle -> answer, node and correlation id added
 *     onResponse  one log line
 */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { HttpHandler, HttpServer } from '../base/world.ts';
import type { CommandCaller } from '../commands/direct/command-caller.ts';
import type { NodeServices } from '../commands/node-services.ts';
import type { Store } from '../engine/store.ts';
import { noteSafety, whenReplicated } from './answer-safety.ts';
import { CorrelationIds } from './correlation-ids.ts';
import { answerMalformed, failure, type MalformedSocket } from './http-failures.ts';
import { HttpSessions, type Requester, type SessionKeeper } from './http-sessions.ts';
import { MetricsExposition } from './metrics/exposition.ts';
import { FiguresFeed } from './page/figures-feed.ts';
import { RequestChecks } from './request-checks.ts';
import { refuseRoute } from './route-access.ts';
import { isKeyParameter, routeAddress } from './route-address.ts';
import {
  ALONE,
  type RequestOutcome,
  type RouteAnswer,
  type RouteRequest,
  type RouteRow,
  refusal,
} from './route-row.ts';
import { ROUTES } from './route-table.ts';

export interface HttpApp {
  readonly fastify: FastifyInstance;
  /** From now on every response closes its connection. */
  beginDrain(): void;
  close(): Promise<void>;
}

/** What the framework is asked for as its server. */
type ServerFactory = NonNullable<
  NonNullable<Parameters<typeof fastify>[0] & { serverFactory?: unknown }>['serverFactory']
>;

declare module 'fastify' {
  interface FastifyRequest {
    /** Null before its login. */
    requester: Requester | null;
    startMs: number;
  }
  interface FastifyContextConfig {
    row?: RouteRow;
  }
}

export async function createHttpApp(node: SessionKeeper, server: HttpServer): Promise<HttpApp> {
  const app = new App(node, server);
  await app.open();
  return app;
}

class App implements HttpApp {
  readonly fastify: FastifyInstance;
  private readonly node: SessionKeeper;
  private readonly sessions: HttpSessions;
  private readonly checks: RequestChecks;
  private readonly ids: CorrelationIds;
  private readonly metrics: MetricsExposition;
  private readonly feed: FiguresFeed;
  private isDraining = false;
  private serve: () => void = () => {};

  constructor(node: SessionKeeper, server: HttpServer) {
    this.node = node;
    this.sessions = new HttpSessions(node);
    this.ids = new CorrelationIds(node.services.world.random);
    this.metrics = new MetricsExposition(node.services);
    this.feed = new FiguresFeed(node.services);
    this.checks = new RequestChecks(node.services, this.sessions);
    const { http } = node.services.configuration;
    const serverFactory = (handler: HttpHandler) => {
      this.serve = () => server.setHandler(handler);
      return server.raw;
    };
    this.fastify = fastify({
      serverFactory: serverFactory as unknown as ServerFactory,
      bodyLimit: http.bodyBytesMax,
      rewriteUrl: (request) =>
        routeAddress(request.method ?? '', request.url ?? '/') ?? BAD_ADDRESS,
      genReqId: (request) => this.ids.of(request.headers['x-correlation-id']),
      clientErrorHandler: (error, socket) => this.answerMalformed(error, socket),
      frameworkErrors: (_error, request, reply) => this.send(request, reply, BAD_URL),
      routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
      exposeHeadRoutes: true,
      schemaController: NO_SCHEMAS,
      logger: false,
    }) as unknown as FastifyInstance;
  }

  async open(): Promise<void> {
    const app = this.fastify;
    app.decorateRequest('requester', null);
    app.decorateRequest('startMs', 0);
    await this.checks.open(app);
    this.parseBodies();
    this.addHooks();
    for (const row of ROUTES) this.addRoute(row);
    app.setNotFoundHandler((request, reply) => this.send(request, reply, missing(request)));
    app.setErrorHandler((error, request, reply) => {
      const isReported = this.sessions.hasReported(error);
      this.send(request, reply, failure(error, { node: this.node, request, isReported }));
    });
    await app.ready();
    // Requests that came before wait in the server: the framework can route none until now.
    this.serve();
  }

  beginDrain(): void {
    this.isDraining = true;
    this.feed.close();
  }

  async close(): Promise<void> {
    this.metrics.close();
    this.feed.close();
    this.sessions.closeAll();
    await this.fastify.close();
  }

  private answerMalformed(error: { code?: string }, socket: MalformedSocket): void {
    const nodeId = this.node.services.configuration.node.id;
    answerMalformed(error, socket, { nodeId, correlationId: this.ids.next() });
  }

  private parseBodies(): void {
    const app = this.fastify;
    app.removeAllContentTypeParsers();
    const options = { parseAs: 'buffer' } as const;
    app.addContentTypeParser('application/json', options, (request, body, done) => {
      if (request.routeOptions.config.row?.body?.isRaw === true) return done(null, body);
      try {
        done(null, body.length === 0 ? undefined : JSON.parse(body.toString()));
      } catch {
        // What the parser says repeats the text: nothing a client must be told.
        done(Object.assign(new Error('The body is no JSON'), { statusCode: 400 }));
      }
    });
    app.addContentTypeParser('application/octet-stream', options, (request, body, done) => {
      if (request.routeOptions.config.row?.body?.takesBytes === true) return done(null, body);
      done(Object.assign(new Error(JSON_WANTED), { statusCode: 415 }));
    });
  }

  private addHooks(): void {
    const app = this.fastify;
    app.addHook('onRequest', (request, reply, done) => {
      request.startMs = this.node.services.world.clock.monotonicMs();
      const answer = this.checks.check(request, reply);
      if (answer === null) return done();
      if (!(answer instanceof Promise)) return this.send(request, reply, answer);
      answer.then((late) => (late === null ? done() : this.send(request, reply, late)), done);
    });
    app.addHook('onResponse', (request, reply, done) => {
      this.log(request, reply.statusCode);
      done();
    });
  }

  private addRoute(row: RouteRow): void {
    this.fastify.route({
      method: row.method,
      url: row.path,
      config: { row },
      handler: (request, reply) => this.handle(row, request, reply),
    });
  }

  private handle(row: RouteRow, request: FastifyRequest, reply: FastifyReply): unknown {
    const wait = this.checks.waitForPause(row);
    if (wait !== null) return wait.then(() => this.run(row, request, reply));
    return this.run(row, request, reply);
  }

  private run(row: RouteRow, request: FastifyRequest, reply: FastifyReply): unknown {
    const store = storeOf(request, this.node.services);
    if (store !== null && this.mayBeElsewhere(row, store)) {
      return this.runTogether(row, request, store).then((answer) =>
        this.send(request, reply, answer),
      );
    }
    const note = store === null ? null : noteSafety(store);
    const answer = this.answer(row, request, store);
    if (answer instanceof Promise) {
      return answer.then(async (late) => {
        await note?.whenSafe();
        return this.send(request, reply, late);
      });
    }
    const wait = note === null ? null : note.whenSafe();
    if (wait === null) return this.send(request, reply, answer);
    return wait.then(() => this.send(request, reply, answer));
  }

  /** Other nodes hold the same keys, and this one may have to ask one, or to tell one. */
  private mayBeElsewhere(row: RouteRow, store: Store): boolean {
    const { cluster } = this.node.services;
    if (!cluster.isOn) return false;
    return row.method !== 'GET' || cluster.isFilling(store);
  }

  /** The request's code runs again if other nodes have a part in it: see `ReplyScript`. */
  private async runTogether(
    row: RouteRow,
    request: FastifyRequest,
    store: Store,
  ): Promise<RouteAnswer> {
    const { cluster } = this.node.services;
    const requester = request.requester ?? this.checks.anonymous(request);
    const { caller, script } = this.sessions.enterAlone(requester, store);
    const note = noteSafety(store);
    const position = cluster.positionOf(caller.session);
    try {
      const first = await this.answer(row, request, store, { caller, outcome: ALONE });
      await script.whenWhole();
      await note?.whenSafe();
      const hasWritten = cluster.positionOf(caller.session) > position;
      if (!script.hasForwarded && !hasWritten) return first;
      const isOwner = cluster.ownerOfStore(store)?.isSelf === true;
      const isLocal = !script.hasForwarded || isOwner;
      const isReplicated = !isLocal || (await whenReplicated(cluster, caller.session));
      const outcome = { isLocal, isReplicated };
      for (;;) {
        script.begin();
        const answer = await this.answer(row, request, store, { caller, outcome });
        if (script.isWhole) return answer;
        await script.whenWhole();
      }
    } finally {
      this.sessions.leave(caller);
    }
  }

  /** @param own  of this request alone */
  private answer(
    row: RouteRow,
    request: FastifyRequest,
    store: Store | null,
    own: { caller: CommandCaller; outcome: RequestOutcome } | null = null,
  ): RouteAnswer | Promise<RouteAnswer> {
    const { services } = this.node;
    const params = request.params as Record<string, string>;
    if (store === null) return refusal(404, 'There is no such store', { store: params['store'] });
    const key = params['key'];
    if (key === '') return EMPTY_KEY;
    if (key !== undefined && !isKeyParameter(key)) return missing(request);
    const requester = request.requester ?? this.checks.anonymous(request);
    const caller = own?.caller ?? this.sessions.enter(requester, store);
    const refused = refuseRoute(row, caller);
    if (refused !== null) return refused;
    const { headers } = request;
    const routed: RouteRequest = {
      services,
      caller,
      store,
      params,
      query: request.query as Record<string, string>,
      body: request.body,
      isBytes: headers['content-type']?.startsWith('application/octet-stream') === true,
      wantsBytes: headers.accept?.startsWith('application/octet-stream') === true,
      takesGzip: /\bgzip\b/.test(String(headers['accept-encoding'])),
      correlationId: request.id,
      outcome: own?.outcome ?? ALONE,
      isLoggedIn: requester.isLoggedIn,
      metrics: this.metrics,
      feed: this.feed,
    };
    return row.handle(routed);
  }

  private send(request: FastifyRequest, reply: FastifyReply, answer: RouteAnswer): FastifyReply {
    reply.code(answer.status);
    reply.header('x-correlation-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
    reply.header('cache-control', 'no-store');
    if (this.isDraining) reply.header('connection', 'close');
    if (answer.headers !== undefined) reply.headers(answer.headers);
    if (answer.content !== undefined) {
      return reply.type(answer.content.type).send(answer.content.bytes);
    }
    if (answer.stream !== undefined) {
      return reply.type(answer.stream.type).send(streamOf(answer.stream.pieces));
    }
    const node = JSON.stringify(this.node.services.configuration.node.id);
    const head = answer.json ?? JSON.stringify(answer.facts ?? {}).slice(0, -1);
    const comma = head.length > 1 ? ',' : '';
    reply.header('content-type', 'application/json; charset=utf-8');
    return reply.send(`${head}${comma}"node":${node},"correlation_id":"${escaped(request.id)}"}`);
  }

  /** Never values; keys unless they are to be kept out of logs. */
  private log(request: FastifyRequest, status: number): void {
    const { configuration, world } = this.node.services;
    const { row } = request.routeOptions.config;
    const path = configuration.logging.redactKeys ? (row?.path ?? '') : pathOf(request.originalUrl);
    this.checks.logger.info(row?.operationId ?? 'request', 'Request answered', {
      correlationId: request.id,
      durationMs: Math.round((world.clock.monotonicMs() - request.startMs) * 1000) / 1000,
      method: request.method,
      path,
      status,
    });
  }
}

function storeOf(request: FastifyRequest, { stores }: NodeServices): Store | null {
  const named = (request.params as Record<string, string>)['store'];
  return named === undefined ? stores.default : stores.find(named);
}

/** The client's pace is the stream's: the next piece is made when the last one has been taken. */
function streamOf(pieces: AsyncGenerator<Uint8Array, void>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await pieces.return();
    },
  });
}

/** A route by its path, with other methods than it has, or with none. */
function missing(request: FastifyRequest): RouteAnswer {
  if (request.url === BAD_ADDRESS) return BAD_URL;
  const parts = pathOf(request.url).split('/');
  const methods = new Set<string>();
  for (const { method, path } of ROUTES) {
    if (!isPath(path.split('/'), parts)) continue;
    methods.add(method);
    if (method === 'GET') methods.add('HEAD');
  }
  if (methods.size === 0) return refusal(404, 'There is no such route');
  const allow = [...methods].join(', ');
  return { ...refusal(405, `Allowed are ${allow}`), headers: { allow } };
}

function isPath(pattern: readonly string[], parts: readonly string[]): boolean {
  if (pattern.length !== parts.length) return false;
  return pattern.every((word, i) => {
    if (word === ':key') return isKeyParameter(parts[i]);
    return word.startsWith(':') ? parts[i] !== '' : word === parts[i];
  });
}

function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}

/** A correlation id is printable ASCII: two characters mean something in JSON. */
function escaped(id: string): string {
  return id.replace(/["\\]/g, '\\$&');
}

/**
 * Handlers check what they are given, in their own words; schemas are for the API description. The
 * compilers of the framework, which it would load all the same, are a third of its start.
 */
const NO_SCHEMAS = {
  compilersFactory: {
    buildValidator: (() => () => () => true) as never,
    buildSerializer: () => () => (value: unknown) => JSON.stringify(value),
  },
};

const EMPTY_KEY = refusal(400, 'The key is empty');
const BAD_ADDRESS = '/%25';
const BAD_URL = refusal(400, 'The address is not encoded as it must be');
const JSON_WANTED = 'The body must be application/json';
/** The address itself is bounded by the header's limit. */
const MAX_PARAM_LENGTH = 1024 * 1024;
