import { subcommandSyntaxText } from '../../protocol/error-echo.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { CommandRow } from '../command-row.ts';
import { integer64Argument } from '../integer-argument.ts';

const PAUSE_MS_MAX = 2 ** 52;

export const clientPauseCommand: CommandRow = {
  name: 'pause',
  arity: -3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'connection',
  since: '2.9.50',
  complexity: 'O(1)',
  summary: 'Hold back the commands of all clients for a while',
  syntax: 'timeout [WRITE | ALL]',
  execute(session, frame, reply) {
    if (frame.count > 4) {
      return reply.errorLatin1(subcommandSyntaxText(frame, 'CLIENT'));
    }
    const isWriteOnly = frame.count === 4 && frame.equals(3, 'WRITE');
    if (frame.count === 4 && !isWriteOnly && !frame.equals(3, 'ALL')) {
      reply.errorText('ERR CLIENT PAUSE mode must be WRITE or ALL');
      return;
    }
    const timeoutMs = integer64Argument(frame, 2);
    if (timeoutMs === null) return reply.error(ERRORS.timeoutNotInteger);
    if (timeoutMs < 0n) return reply.error(ERRORS.timeoutNegative);
    const { clients, clock } = session.node;
    const untilMs = Math.min(clock.nowMs + Number(timeoutMs), PAUSE_MS_MAX);
    clients.pause(untilMs, isWriteOnly ? 'write' : 'all', clock.nowMs);
    reply.ok();
  },
};

export const clientUnpauseCommand: CommandRow = {
  name: 'unpause',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'connection',
  since: '6.2.0',
  complexity: 'O(N) Where N is the number of paused clients',
  summary: 'End a pause',
  syntax: '',
  execute(session, _frame, reply) {
    session.node.clients.unpause();
    reply.ok();
  },
};
