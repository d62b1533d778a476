/** The checks that every request passes before its route, cheapest first. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LIMITS } from '../base/limits.ts';
import type { Logger } from '../base/logger.ts';
import type { User } from '../commands/acl/user.ts';
import type { NodeServices } from '../commands/node-services.ts';
import type { HttpSessions, Requester } from './http-sessions.ts';
import { RequestGuard } from './request-guard.ts';
import {
  type Credentials,
  findUser,
  parseCredentials,
  recordFailedLogin,
} from './request-login.ts';
import { hostOfAbsolute } from './route-address.ts';
import { type RouteAnswer, type RouteRow, refusal } from './route-row.ts';

type MaybeLater<T> = T | Promise<T>;
type RateCheck = ReturnType<FastifyInstance['createRateLimit']>;

export class RequestChecks {
  readonly logger: Logger;
  private readonly services: NodeServices;
  private readonly sessions: HttpSessions;
  private readonly guard: RequestGuard;
  private readonly isTls: boolean;
  private checkRate: RateCheck | null = null;

  constructor(services: NodeServices, sessions: HttpSessions) {
    this.services = services;
    this.sessions = sessions;
    this.guard = new RequestGuard(services);
    this.logger = services.logger.child('http');
    this.isTls = services.configuration.http.isTls;
  }

  /** Loads what counts requests, where they are counted. */
  async open(app: FastifyInstance): Promise<void> {
    const max = this.services.configuration.http.rateLimit;
    if (max === 0) return;
    const { default: rateLimit } = await import('@fastify/rate-limit');
    const cache = LIMITS.httpRatedAddressCountMax;
    await app.register(rateLimit, { global: false, cache });
    this.checkRate = app.createRateLimit({ max, timeWindow: 1000 });
  }

  /** @returns null when the request may go on */
  check(request: FastifyRequest, reply: FastifyReply): MaybeLater<RouteAnswer | null> {
    const { guard } = this;
    const host = hostOfAbsolute(request.originalUrl) ?? request.headers.host ?? '';
    const { origin } = request.headers;
    const refused =
      guard.refuseHost(host) ?? guard.refuseAddress(request.ip) ?? guard.refuseOrigin(origin, host);
    if (refused !== null) return refused;
    if (origin !== undefined && guard.isAllowedOrigin(origin)) {
      reply.header('access-control-allow-origin', origin);
      reply.header('vary', 'origin');
      if (request.method === 'OPTIONS') return PREFLIGHT;
    }
    if (this.checkRate === null) return this.logIn(request);
    return this.checkRate(request).then((rate) => {
      if (rate.isAllowed || !rate.isExceeded) return this.logIn(request);
      const headers = { 'retry-after': String(Math.max(1, rate.ttlInSeconds)) };
      return { ...refusal(429, 'Too many requests from this address'), headers };
    });
  }

  /** Nobody in particular, for routes that are open to all. */
  anonymous(request: FastifyRequest): Requester {
    return { ...this.requesterOf(request, this.services.access.defaultUser), isLoggedIn: false };
  }

  /**
   * Requests are held while CLIENT PAUSE holds what they would run.
   * @returns null when the route need not wait
   */
  waitForPause(row: RouteRow): Promise<void> | null {
    if (!this.isPaused(row)) return null;
    return new Promise((resolve) => {
      const look = this.services.world.timers.every(LIMITS.httpPauseLookMs, () => {
        if (this.isPaused(row)) return;
        look.cancel();
        resolve();
      });
    });
  }

  private isPaused(row: RouteRow): boolean {
    const { clients, clock } = this.services;
    if (clients.pausedUntilMs === 0 || row.access.by === 'open') return false;
    clock.refresh();
    if (clients.pausedUntilMs <= clock.nowMs) return false;
    return clients.pauseKind === 'all' || row.method !== 'GET';
  }

  private logIn(request: FastifyRequest): MaybeLater<RouteAnswer | null> {
    const { row } = request.routeOptions.config;
    if (row === undefined) return null;
    const { access, logins } = this.services;
    const { authorization } = request.headers;
    if (authorization === undefined) {
      if (access.needsLogin) return row.access.by === 'open' ? null : UNAUTHORIZED;
      request.requester = this.requesterOf(request, access.defaultUser);
      return null;
    }
    const credentials = parseCredentials(authorization);
    if (credentials === null) return UNAUTHORIZED;
    this.services.clock.refresh();
    const delayMs = logins.delayMs(request.ip);
    if (delayMs === 0) return this.finishLogin(request, credentials);
    return new Promise((resolve) => {
      this.services.world.timers.after(delayMs, () => {
        resolve(this.finishLogin(request, credentials));
      });
    });
  }

  private finishLogin(request: FastifyRequest, credentials: Credentials): RouteAnswer | null {
    const { services } = this;
    const user = findUser(services, credentials);
    if (user !== null) {
      request.requester = this.requesterOf(request, user);
      services.logins.recordSuccess(request.ip);
      return null;
    }
    const { session } = this.sessions.enter(this.anonymous(request), services.stores.default);
    recordFailedLogin(session, credentials.name);
    return UNAUTHORIZED;
  }

  private requesterOf(request: FastifyRequest, user: User): Requester {
    const { remotePort = 0, localAddress = '', localPort = 0 } = request.socket;
    return {
      user,
      isLoggedIn: true,
      address: request.ip,
      port: remotePort,
      localAddress,
      localPort,
      isTls: this.isTls,
      correlationId: request.id,
    };
  }
}

const UNAUTHORIZED: RouteAnswer = {
  ...refusal(401, 'Log in: Basic with user and password, or Bearer with the default password'),
  headers: { 'www-authenticate': 'Basic realm="hypercache", charset="UTF-8", Bearer' },
};

const PREFLIGHT: RouteAnswer = {
  status: 204,
  content: { type: 'text/plain', bytes: '' },
  headers: {
    'access-control-allow-methods': 'GET, HEAD, PUT, POST, DELETE',
    'access-control-allow-headers': 'authorization, content-type, x-correlation-id',
    'access-control-expose-headers': 'x-correlation-id',
    'access-control-max-age': '600',
  },
};
