/** One archive of all stores, sent while it is packed. POST: a HEAD must not make one. */
import { NodeError } from '../../base/errors.ts';
import type { User } from '../../commands/acl/user.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import { type RouteAnswer, type RouteRequest, type RouteRow, refusal } from '../route-row.ts';

const ARCHIVE_TYPE = 'application/gzip';

export const BACKUP_ROUTES: readonly RouteRow[] = [
  {
    method: 'POST',
    path: '/api/admin/backup',
    operationId: 'backUp',
    summary: 'Sends one archive of all stores, which shows them at the same moment',
    tag: 'admin',
    access: { by: 'route', command: 'bgsave' },
    responses: {
      200: {
        description: 'A .tar.gz, which `hypercache restore` takes',
        contentType: ARCHIVE_TYPE,
        schema: { type: 'string', format: 'binary' },
      },
      403: { description: 'The user may not read every key of every store' },
      503: { description: 'A snapshot or rewrite does not end, data is loaded, the disk refuses' },
    },
    handle: backUp,
  },
];

async function backUp({ caller, services }: RouteRequest): Promise<RouteAnswer> {
  const { user } = caller.session;
  if (user !== null && !mayReadAll(user, services)) {
    return refusal(403, 'NOPERM A backup holds every key of every store, and you may not read all');
  }
  const { persistence, world } = services;
  if (persistence.isLoading) return refusal(503, 'LOADING The data is being loaded');
  try {
    const pieces = persistence.backUp();
    // The snapshots are whole when the first piece is there: what goes wrong before can be told.
    const first = await pieces.next();
    const time = new Date(world.clock.wallMs()).toISOString().replace(/[-:]|\.\d+/g, '');
    const disposition = `attachment; filename="hypercache-backup-${time}.tar.gz"`;
    return {
      status: 200,
      stream: { type: ARCHIVE_TYPE, pieces: withFirst(first, pieces) },
      headers: { 'content-disposition': disposition },
    };
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    return refusal(503, error.message);
  }
}

function mayReadAll(user: User, { stores }: NodeServices): boolean {
  if (!stores.all.every(({ name }) => user.mayUseStore(name))) return false;
  return [user.root, ...user.selectors].some((selector) => selector.allowsAllKeys);
}

async function* withFirst(
  first: IteratorResult<Uint8Array, void>,
  rest: AsyncGenerator<Uint8Array, void>,
): AsyncGenerator<Uint8Array, void> {
  try {
    if (first.done !== true) yield first.value;
    yield* rest;
  } finally {
    await rest.return();
  }
}
