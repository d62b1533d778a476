import { ERRORS } from '../../protocol/error-table.ts';
import type { CommandRow } from '../command-row.ts';
import { logIn, WRONG_PASSWORD } from '../login.ts';

export const authCommand: CommandRow = {
  name: 'auth',
  arity: -2,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  group: 'connection',
  since: '1.0.0',
  complexity: 'O(N) where N is the number of passwords defined for the user',
  summary: 'Log in',
  syntax: '[username] password',
  execute(session, frame, reply) {
    if (frame.count > 3) {
      reply.error(ERRORS.syntax);
      return;
    }
    const hasUser = frame.count === 3;
    if (!hasUser && session.node.access.defaultUser.takesAnyPassword) {
      reply.errorText(
        'ERR AUTH <password> called without any password configured for the default user. ' +
          'Are you sure your configuration is correct?',
      );
      return;
    }
    const outcome = logIn(session, frame, hasUser ? 1 : 0, hasUser ? 2 : 1);
    if (outcome === 'accepted') reply.ok();
    else if (outcome === 'refused') reply.errorText(WRONG_PASSWORD);
  },
};
