import { isCorrelationId } from '../../base/log/correlation-id.ts';
import { echoed, subcommandSyntaxText } from '../../protocol/error-echo.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { CommandRow } from '../command-row.ts';
import { replyHelp } from '../help-reply.ts';
import { integer64Argument } from '../integer-argument.ts';
import { GATE } from '../session.ts';
import { clientKillCommand } from './client-kill.ts';
import { describeClient } from './client-line.ts';
import { clientListCommand } from './client-list.ts';
import { CLIENT_NAME_ERROR, isClientName } from './client-name.ts';
import { clientPauseCommand, clientUnpauseCommand } from './client-pause.ts';
import {
  clientCachingCommand,
  clientGetredirCommand,
  clientTrackingCommand,
  clientTrackinginfoCommand,
} from './client-tracking.ts';

const PLAIN = {
  flags: ['noscript', 'loading', 'stale'],
  group: 'connection',
  complexity: 'O(1)',
} as const;

const ADMIN = { ...PLAIN, flags: ['admin', 'noscript', 'loading', 'stale'] } as const;

const idCommand: CommandRow = {
  ...PLAIN,
  name: 'id',
  arity: 2,
  since: '5.0.0',
  summary: 'Tell the number of this connection',
  syntax: '',
  execute(session, _frame, reply) {
    reply.integer(session.id);
  },
};

const infoCommand: CommandRow = {
  ...PLAIN,
  name: 'info',
  arity: 2,
  since: '6.2.0',
  summary: 'Describe this connection in one line',
  syntax: '',
  tips: ['nondeterministic_output'],
  execute(session, _frame, reply) {
    reply.verbatim('txt', `${describeClient(session)}\n`);
  },
};

const getnameCommand: CommandRow = {
  ...PLAIN,
  name: 'getname',
  arity: 2,
  since: '2.6.9',
  summary: 'Tell the name of this connection',
  syntax: '',
  execute(session, _frame, reply) {
    if (session.name === '') reply.null();
    else reply.bulkText(session.name);
  },
};

const setnameCommand: CommandRow = {
  ...PLAIN,
  name: 'setname',
  arity: 3,
  since: '2.6.9',
  summary: 'Name this connection',
  syntax: 'connection-name',
  execute(session, frame, reply) {
    if (!isClientName(frame, 2)) {
      reply.errorText(CLIENT_NAME_ERROR);
      return;
    }
    session.name = frame.latin1(2);
    reply.ok();
  },
};

const setinfoCommand: CommandRow = {
  ...PLAIN,
  name: 'setinfo',
  arity: 4,
  since: '7.2.0',
  summary: 'Tell the server which client library speaks',
  syntax: 'LIB-NAME libname | LIB-VER libver',
  execute(session, frame, reply) {
    const isName = frame.equals(2, 'LIB-NAME');
    if (!isName && !frame.equals(2, 'LIB-VER')) {
      reply.errorLatin1(`ERR Unrecognized option '${echoed(frame, 2)}'`);
      return;
    }
    if (!isClientName(frame, 3)) {
      const option = isName ? 'lib-name' : 'lib-ver';
      reply.errorText(`ERR ${option} cannot contain spaces, newlines or special characters.`);
      return;
    }
    if (isName) session.libraryName = frame.latin1(3);
    else session.libraryVersion = frame.latin1(3);
    reply.ok();
  },
};

const correlationCommand: CommandRow = {
  ...PLAIN,
  name: 'correlation',
  arity: 3,
  since: '0.1.0',
  summary: 'Have an id written into every log line about commands of this connection; empty: none',
  syntax: 'correlation-id',
  execute(session, frame, reply) {
    const id = frame.latin1(2);
    if (id !== '' && !isCorrelationId(id)) return reply.error(ERRORS.correlationId);
    session.correlationId = id;
    reply.ok();
  },
};

const replyCommand: CommandRow = {
  ...PLAIN,
  name: 'reply',
  arity: 3,
  since: '3.2.0',
  summary: 'Choose whether commands of this connection are answered',
  syntax: 'ON | OFF | SKIP',
  execute(session, frame, reply) {
    const { channel } = session;
    if (frame.equals(2, 'ON')) {
      if (channel !== null) channel.replyMode = 'on';
      session.gate &= ~GATE.REPLIES_OFF;
      reply.ok();
    } else if (frame.equals(2, 'OFF')) {
      if (channel === null) return;
      channel.replyMode = 'off';
      session.gate |= GATE.REPLIES_OFF;
    } else if (frame.equals(2, 'SKIP')) {
      if (channel === null || channel.replyMode === 'off') return;
      // SKIP while a reply is being skipped: that is this command's own, and the next one's too.
      channel.replyMode = channel.replyMode === 'skip' ? 'skip-next' : 'skip';
      session.gate |= GATE.REPLIES_OFF;
    } else {
      reply.error(ERRORS.syntax);
    }
  },
};

const noEvictCommand: CommandRow = {
  ...ADMIN,
  name: 'no-evict',
  arity: 3,
  since: '7.0.0',
  summary: 'Choose whether this connection may be closed to free client buffers',
  syntax: 'ON | OFF',
  execute(session, frame, reply) {
    if (frame.equals(2, 'ON')) session.isEvictable = false;
    else if (frame.equals(2, 'OFF')) session.isEvictable = true;
    else return reply.error(ERRORS.syntax);
    reply.ok();
  },
};

const noTouchCommand: CommandRow = {
  ...PLAIN,
  name: 'no-touch',
  arity: 3,
  since: '7.2.0',
  summary: 'Choose whether reads of this connection count for eviction',
  syntax: 'ON | OFF',
  execute(session, frame, reply) {
    if (frame.equals(2, 'ON')) session.touchesKeys = false;
    else if (frame.equals(2, 'OFF')) session.touchesKeys = true;
    else return reply.error(ERRORS.syntax);
    reply.ok();
  },
};

const unblockCommand: CommandRow = {
  ...ADMIN,
  name: 'unblock',
  arity: -3,
  since: '5.0.0',
  complexity: 'O(log N) where N is the number of client connections',
  summary: 'End the wait of a client in a blocking command',
  syntax: 'client-id [TIMEOUT | ERROR]',
  execute(session, frame, reply) {
    if (frame.count > 4) {
      reply.errorLatin1(subcommandSyntaxText(frame, 'CLIENT'));
    } else if (frame.count === 4 && !frame.equals(3, 'TIMEOUT') && !frame.equals(3, 'ERROR')) {
      reply.errorText('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
    } else {
      const id = integer64Argument(frame, 2);
      if (id === null) return reply.error(ERRORS.notInteger);
      const target = session.node.clients.byId(Number(id));
      const how = frame.count === 4 && frame.equals(3, 'ERROR') ? 'error' : 'timeout';
      const isDone = target !== undefined && session.node.blocking.unblock(target, how);
      reply.integer(isDone ? 1 : 0);
    }
  },
};

const helpCommand: CommandRow = {
  name: 'help',
  arity: 2,
  flags: ['loading', 'stale'],
  group: 'connection',
  since: '5.0.0',
  complexity: 'O(1)',
  summary: 'Explain the subcommands',
  syntax: '',
  execute(_session, _frame, reply) {
    replyHelp(reply, 'CLIENT', HELP_LINES);
  },
};

const HELP_LINES = [
  'CACHING (YES|NO)',
  '    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.',
  'GETREDIR',
  '    Return the client ID we are redirecting to when tracking is enabled.',
  'GETNAME',
  '    Return the name of the current connection.',
  'ID',
  '    Return the ID of the current connection.',
  'INFO',
  '    Return information about the current client connection.',
  'KILL <ip:port>',
  '    Kill connection made from <ip:port>.',
  'KILL <option> <value> [<option> <value> [...]]',
  '    Kill connections. Options are:',
  '    * ADDR (<ip:port>|<unixsocket>:0)',
  '      Kill connections made from the specified address',
  '    * LADDR (<ip:port>|<unixsocket>:0)',
  '      Kill connections made to specified local address',
  '    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)',
  '      Kill connections by type.',
  '    * USER <username>',
  '      Kill connections authenticated by <username>.',
  '    * SKIPME (YES|NO)',
  '      Skip killing current connection (default: yes).',
  'LIST [options ...]',
  '    Return information about client connections. Options:',
  '    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)',
  '      Return clients of specified type.',
  'UNPAUSE',
  '    Stop the current client pause, resuming traffic.',
  'PAUSE <timeout> [WRITE|ALL]',
  '    Suspend all, or just write, clients for <timeout> milliseconds.',
  'REPLY (ON|OFF|SKIP)',
  '    Control the replies sent to the current connection.',
  'SETNAME <name>',
  '    Assign the name <name> to the current connection.',
  'UNBLOCK <clientid> [TIMEOUT|ERROR]',
  '    Unblock the specified blocked client.',
  'TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]',
  '         [OPTIN] [OPTOUT] [NOLOOP]',
  '    Control server assisted client side caching.',
  'TRACKINGINFO',
  '    Report tracking status for the current connection.',
  'NO-EVICT (ON|OFF)',
  '    Protect current client connection from eviction.',
];

export const clientCommand: CommandRow = {
  name: 'client',
  arity: -2,
  flags: [],
  categories: ['-connection'],
  group: 'connection',
  since: '2.4.0',
  complexity: 'Depends on subcommand.',
  summary: 'Inspect, steer and close client connections',
  syntax: '',
  subcommands: [
    clientCachingCommand,
    correlationCommand,
    clientGetredirCommand,
    getnameCommand,
    helpCommand,
    idCommand,
    infoCommand,
    clientKillCommand,
    clientListCommand,
    noEvictCommand,
    noTouchCommand,
    clientPauseCommand,
    replyCommand,
    setinfoCommand,
    setnameCommand,
    clientTrackingCommand,
    clientTrackinginfoCommand,
    unblockCommand,
    clientUnpauseCommand,
  ],
};
