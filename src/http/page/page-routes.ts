/** The page at `/`: its files are open to all, for the login is one of its forms. */
import type { World } from '../../base/world.ts';
import type { RouteAnswer, RouteRequest, RouteRow } from '../route-row.ts';
import { refusal } from '../route-row.ts';

/** The page runs no script and has no style but its own files, and asks nobody but this node. */
const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

/** A file with a digest in its name never changes. */
const KEPT_FOR_EVER = { 'cache-control': 'public, max-age=31536000, immutable' };

export const PAGE_ROUTES: readonly RouteRow[] = [
  {
    method: 'GET',
    path: '/api/login',
    operationId: 'getLogin',
    summary: 'Tells whether the request is logged in, and as whom',
    tag: 'page',
    access: { by: 'open' },
    responses: {
      200: {
        description: 'Without a password of the node everybody is logged in',
        schema: {
          type: 'object',
          properties: { logged_in: { type: 'boolean' }, user: { type: ['string', 'null'] } },
        },
      },
    },
    handle({ caller, isLoggedIn }) {
      const user = isLoggedIn ? caller.session.userName : null;
      return { status: 200, facts: { logged_in: isLoggedIn, user } };
    },
  },
  {
    ...pageRow('/', 'getPage', 'The page that shows the node and its cluster'),
    handle: (request) => answer(request, 'index.html', PAGE_HEADERS),
  },
  {
    ...pageRow('/page/:file', 'getPageFile', 'A file of the page'),
    handle: (request) => answer(request, request.params['file']!, KEPT_FOR_EVER),
  },
];

function pageRow(path: string, operationId: string, summary: string): Omit<RouteRow, 'handle'> {
  return {
    method: 'GET',
    path,
    operationId,
    summary,
    tag: 'page',
    access: { by: 'open' },
    responses: { 200: { description: 'The file', contentType: 'text/html' } },
  };
}

async function answer(
  { services, takesGzip }: RouteRequest,
  name: string,
  headers: Record<string, string>,
): Promise<RouteAnswer> {
  if (!services.configuration.http.dashboardEnabled) return MISSING;
  // Loaded by the first who looks: a start shall not pay for it.
  const { PAGE_ASSETS } = await import('./page-assets.ts');
  const asset = PAGE_ASSETS.find((one) => one.name === name);
  if (asset === undefined) return MISSING;
  const packed = Buffer.from(asset.gzip, 'base64');
  return {
    status: 200,
    headers: {
      ...headers,
      vary: 'accept-encoding',
      ...(takesGzip ? { 'content-encoding': 'gzip' } : {}),
    },
    content: { type: asset.type, bytes: takesGzip ? packed : await unpack(services.world, packed) },
  };
}

/** For programs without gzip. */
async function unpack({ compression }: World, packed: Uint8Array): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of compression.gunzip(once(packed))) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}

const MISSING = refusal(404, 'There is no such route');
