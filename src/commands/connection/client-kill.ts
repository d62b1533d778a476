import type { Frame } from '../../base/frame.ts';
import { echoed } from '../../protocol/error-echo.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { CommandRow } from '../command-row.ts';
import { integer64Argument } from '../integer-argument.ts';
import type { NodeServices } from '../node-services.ts';
import type { Session } from '../session.ts';
import { localName, remoteName } from './client-line.ts';
import { type ClientType, isOfType, parseClientType } from './client-type.ts';

/** What a client must be to be closed; null = whatever it is. */
interface KillFilter {
  id: number | null;
  address: string | null;
  localAddress: string | null;
  type: ClientType | null;
  user: string | null;
  /** Only who is connected for that long. */
  ageSMin: number;
  sparesSelf: boolean;
}

export const clientKillCommand: CommandRow = {
  name: 'kill',
  arity: -3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'connection',
  since: '2.4.0',
  complexity: 'O(N) where N is the number of client connections',
  summary: 'Close connections',
  syntax:
    '<ip:port | <ID client-id | TYPE <NORMAL | MASTER | SLAVE | REPLICA | PUBSUB> | ' +
    'USER username | ADDR ip:port | LADDR ip:port | SKIPME yes/no | MAXAGE maxage> ...>',
  execute: kill,
};

function kill(session: Session, frame: Frame, reply: ReplyWriter): void {
  const isOldForm = frame.count === 3;
  const { node } = session;
  const { access } = node;
  const filter = isOldForm ? oldFormFilter(frame) : parseFilter(frame, reply, access);
  if (filter === null) return;
  let killedCount = 0;
  let killsSelf = false;
  for (const other of [...node.clients.all()]) {
    if (other.channel === null || !matches(other, filter)) continue;
    if (other === session && filter.sparesSelf) continue;
    killedCount++;
    if (node.logger.isDebug()) logKill(session, other);
    if (other === session) killsSelf = true;
    else other.channel.close();
  }
  if (!isOldForm) reply.integer(killedCount);
  else if (killedCount > 0) reply.ok();
  else reply.errorText('ERR No such client');
  // Whoever kills itself still gets its answer.
  if (killsSelf) session.channel?.closeAfterReplies();
}

function logKill(session: Session, other: Session): void {
  const { channel, node } = other;
  node.logger.debug('client-closed', 'Client closed: CLIENT KILL', {
    correlationId: other.correlationId,
    clientId: other.id,
    address: channel === null ? '' : remoteName(channel),
    killerId: session.id,
    killerCorrelationId: session.correlationId,
  });
}

function matches(other: Session, filter: KillFilter): boolean {
  const { channel, node } = other;
  if (channel === null) return false;
  if (node.clock.nowMs - other.createdMs < filter.ageSMin * 1000) return false;
  if (filter.id !== null && filter.id !== other.id) return false;
  if (filter.address !== null && filter.address !== remoteName(channel)) return false;
  if (filter.localAddress !== null && filter.localAddress !== localName(channel)) return false;
  if (filter.type !== null && !isOfType(other, filter.type)) return false;
  return filter.user === null || filter.user === other.userName;
}

function oldFormFilter(frame: Frame): KillFilter {
  return { ...ANYBODY, address: frame.latin1(2), sparesSelf: false };
}

const ANYBODY: KillFilter = {
  id: null,
  address: null,
  localAddress: null,
  type: null,
  user: null,
  ageSMin: 0,
  sparesSelf: true,
};

function parseFilter(
  frame: Frame,
  reply: ReplyWriter,
  access: NodeServices['access'],
): KillFilter | null {
  const filter = { ...ANYBODY };
  for (let arg = 2; arg < frame.count; arg += 2) {
    if (arg + 1 === frame.count) {
      reply.error(ERRORS.syntax);
      return null;
    }
    const error = parseOption(frame, arg, filter, access);
    if (error !== null) {
      reply.errorLatin1(error);
      return null;
    }
  }
  return filter;
}

/** @returns the error's text, or null when the option was put into the filter */
function parseOption(
  frame: Frame,
  arg: number,
  filter: KillFilter,
  access: NodeServices['access'],
): string | null {
  const value = arg + 1;
  if (frame.equals(arg, 'ID')) {
    const id = integer64Argument(frame, value);
    if (id === null || id < 1n) return 'ERR client-id should be greater than 0';
    filter.id = Number(id);
  } else if (frame.equals(arg, 'TYPE')) {
    filter.type = parseClientType(frame, value);
    if (filter.type === null) return `ERR Unknown client type '${echoed(frame, value)}'`;
  } else if (frame.equals(arg, 'ADDR')) {
    filter.address = frame.latin1(value);
  } else if (frame.equals(arg, 'LADDR')) {
    filter.localAddress = frame.latin1(value);
  } else if (frame.equals(arg, 'USER')) {
    filter.user = frame.latin1(value);
    if (access.find(filter.user) === undefined) {
      return `ERR No such user '${echoed(frame, value)}'`;
    }
  } else if (frame.equals(arg, 'MAXAGE')) {
    const ageS = integer64Argument(frame, value);
    if (ageS === null) return 'ERR maxage is not an integer or out of range';
    if (ageS < 1n) return 'ERR maxage should be greater than 0';
    filter.ageSMin = Number(ageS);
  } else if (frame.equals(arg, 'SKIPME')) {
    if (frame.equals(value, 'YES')) filter.sparesSelf = true;
    else if (frame.equals(value, 'NO')) filter.sparesSelf = false;
    else return ERRORS.syntax.text;
  } else {
    return ERRORS.syntax.text;
  }
  return null;
}
