/** What happens on the node, once a second, as server-sent events. */
import type { User } from '../../commands/acl/user.ts';
import type { RouteRequest, RouteRow } from '../route-row.ts';
import type { Figures } from './figures-feed.ts';

const EVENT_STREAM = 'text/event-stream';

const FROM_QUERY = {
  type: 'object',
  properties: {
    from: { type: 'integer', description: 'The first line wanted: `next` of the event before.' },
  },
};

export const EVENT_ROUTES: readonly RouteRow[] = [
  {
    method: 'GET',
    path: '/api/events',
    operationId: 'followFigures',
    summary: 'Tells how the node, its stores and its cluster are, once a second for a minute',
    tag: 'events',
    access: { by: 'route', command: 'info' },
    responses: streamOf('Events named figures; then ask again, so that the login is checked anew'),
    handle: (request) => ({
      status: 200,
      stream: { type: EVENT_STREAM, pieces: figuresEvents(request) },
    }),
  },
  {
    method: 'GET',
    path: '/api/events/log',
    operationId: 'followLog',
    summary: 'Tells the lines of the log as they are written, for a minute',
    tag: 'events',
    // Lines name keys and clients of all users: who may see all commands may see them.
    access: { by: 'route', command: 'monitor' },
    query: FROM_QUERY,
    responses: streamOf('Events named lines: the lines, the number of those missed, and `next`'),
    handle: (request) => ({
      status: 200,
      stream: { type: EVENT_STREAM, pieces: lineEvents(request) },
    }),
  },
];

function streamOf(description: string): RouteRow['responses'] {
  return { 200: { description, contentType: EVENT_STREAM, schema: { type: 'string' } } };
}

async function* figuresEvents({ caller, feed }: RouteRequest): AsyncGenerator<Uint8Array, void> {
  // The session is that of other requests as soon as this one has begun.
  const { user } = caller.session;
  for await (const _ of feed.ticks()) yield event('figures', visibleTo(user, feed.figures()));
}

/** Without the stores that the user may not use. */
function visibleTo(user: User | null, figures: Figures): Figures {
  if (user === null || user.isUnrestricted) return figures;
  const stores = figures.stores.filter(({ name }) => user.mayUseStore(String(name)));
  return { ...figures, stores };
}

async function* lineEvents({
  feed,
  query,
  services,
}: RouteRequest): AsyncGenerator<Uint8Array, void> {
  const { lines: log } = services.logHealth;
  const wanted = Number(query['from'] ?? 0);
  let next = Number.isSafeInteger(wanted) && wanted >= 0 ? wanted : 0;
  for await (const _ of feed.ticks()) {
    const { first, lines } = log.since(next);
    const missed = next === 0 ? 0 : Math.max(0, first - next);
    next = log.count;
    yield event('lines', { lines, missed, next });
  }
}

function event(name: string, facts: unknown): Uint8Array {
  return Buffer.from(`event: ${name}\ndata: ${JSON.stringify(facts)}\n\n`);
}
