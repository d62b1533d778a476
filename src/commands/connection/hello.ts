import type { Frame } from '../../base/frame.ts';
import { REDIS_VERSION } from '../../base/version.ts';
import { echoed } from '../../protocol/error-echo.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { isRedisCluster } from '../cluster-service.ts';
import type { CommandRow } from '../command-row.ts';
import { integer64Argument } from '../integer-argument.ts';
import { logIn, WRONG_PASSWORD } from '../login.ts';
import type { Session } from '../session.ts';
import { CLIENT_NAME_ERROR, isClientName } from './client-name.ts';

export const helloCommand: CommandRow = {
  name: 'hello',
  arity: -1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  group: 'connection',
  since: '6.0.0',
  complexity: 'O(1)',
  summary: 'Choose the protocol, and log in and name the connection on the way',
  syntax: '[protover [AUTH username password] [SETNAME clientname]]',
  execute: hello,
};

function hello(session: Session, frame: Frame, reply: ReplyWriter): void {
  let protocol: 2 | 3 = session.protocol;
  if (frame.count > 1) {
    const wanted = integer64Argument(frame, 1);
    if (wanted === null) {
      reply.errorText('ERR Protocol version is not an integer or out of range');
      return;
    }
    if (wanted !== 2n && wanted !== 3n) {
      reply.errorText('NOPROTO unsupported protocol version');
      return;
    }
    protocol = wanted === 2n ? 2 : 3;
  }
  if (!applyOptions(session, frame, reply)) return;
  if (!session.isAuthenticated) {
    reply.errorText(
      'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO ' +
        'AUTH <user> <pass> option can be used to authenticate the client and select the RESP ' +
        'protocol version at the same time',
    );
    return;
  }
  session.protocol = protocol;
  reply.protocol = protocol;
  describeServer(session, reply);
}

/**
 * Each option takes effect as it is read, also when a later one is wrong.
 * @returns false when the command ends here: after an error, or put aside
 */
function applyOptions(session: Session, frame: Frame, reply: ReplyWriter): boolean {
  for (let arg = 2; arg < frame.count; arg++) {
    const moreCount = frame.count - 1 - arg;
    if (frame.equals(arg, 'AUTH') && moreCount >= 2) {
      const outcome = logIn(session, frame, arg + 1, arg + 2);
      if (outcome === 'refused') reply.errorText(WRONG_PASSWORD);
      if (outcome !== 'accepted') return false;
      arg += 2;
    } else if (frame.equals(arg, 'SETNAME') && moreCount >= 1) {
      arg++;
      if (!isClientName(frame, arg)) {
        reply.errorText(CLIENT_NAME_ERROR);
        return false;
      }
      session.name = frame.latin1(arg);
    } else {
      reply.errorLatin1(`ERR Syntax error in HELLO option '${echoed(frame, arg)}'`);
      return false;
    }
  }
  return true;
}

function describeServer(session: Session, reply: ReplyWriter): void {
  const { cluster, configuration } = session.node;
  const isCluster = isRedisCluster(cluster, configuration.cluster.redisProtocol);
  reply.map(7);
  reply.bulkText('server');
  reply.bulkText('redis');
  reply.bulkText('version');
  reply.bulkText(REDIS_VERSION);
  reply.bulkText('proto');
  reply.integer(session.protocol);
  reply.bulkText('id');
  reply.integer(session.id);
  reply.bulkText('mode');
  reply.bulkText(isCluster ? 'cluster' : 'standalone');
  reply.bulkText('role');
  reply.bulkText('master');
  reply.bulkText('modules');
  reply.array(0);
}
