import type { Frame } from '../../base/frame.ts';
import { echoed } from '../../protocol/error-echo.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { CommandRow } from '../command-row.ts';
import { integer64Argument } from '../integer-argument.ts';
import type { Session } from '../session.ts';
import { describeClient } from './client-line.ts';
import { isOfType, parseClientType } from './client-type.ts';

export const clientListCommand: CommandRow = {
  name: 'list',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'connection',
  since: '2.4.0',
  complexity: 'O(N) where N is the number of client connections',
  summary: 'Describe the connections, one line each',
  syntax: '[TYPE NORMAL | MASTER | REPLICA | PUBSUB] [ID client-id [client-id ...]]',
  tips: ['nondeterministic_output'],
  execute(session, frame, reply) {
    const sessions = chooseSessions(session, frame, reply);
    if (sessions === null) return;
    const lines = sessions.map((each) => `${describeClient(each)}\n`);
    reply.verbatim('txt', lines.join(''));
  },
};

function chooseSessions(session: Session, frame: Frame, reply: ReplyWriter): Session[] | null {
  const { clients } = session.node;
  const connected = [...clients.all()].filter((each) => each.channel !== null);
  if (frame.count === 2) return connected;
  if (frame.count === 4 && frame.equals(2, 'TYPE')) {
    const type = parseClientType(frame, 3);
    if (type !== null) return connected.filter((each) => isOfType(each, type));
    reply.errorLatin1(`ERR Unknown client type '${echoed(frame, 3)}'`);
    return null;
  }
  if (frame.count < 4 || !frame.equals(2, 'ID')) {
    reply.error(ERRORS.syntax);
    return null;
  }
  const sessions: Session[] = [];
  for (let arg = 3; arg < frame.count; arg++) {
    const id = integer64Argument(frame, arg);
    if (id === null) {
      reply.errorText('ERR Invalid client ID');
      return null;
    }
    const found = clients.byId(Number(id));
    if (found !== undefined) sessions.push(found);
  }
  return sessions;
}
