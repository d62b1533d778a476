import { ERRORS } from '../../protocol/error-table.ts';
import type { CommandRow } from '../command-row.ts';

export const shutdownCommand: CommandRow = {
  name: 'shutdown',
  arity: -1,
  flags: ['admin', 'noscript', 'loading', 'stale', 'no_multi', 'allow_busy'],
  group: 'server',
  since: '1.0.0',
  complexity:
    'O(N) when saving, where N is the total number of keys in all databases when saving data, ' +
    'otherwise O(1)',
  summary: 'Stop the node, after saving if told so',
  syntax: '[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]',
  execute({ node }, frame, reply) {
    let save: boolean | null = null;
    let now = false;
    let force = false;
    let isAbort = false;
    for (let arg = 1; arg < frame.count; arg++) {
      if (frame.equals(arg, 'SAVE') && save !== false) save = true;
      else if (frame.equals(arg, 'NOSAVE') && save !== true) save = false;
      else if (frame.equals(arg, 'NOW')) now = true;
      else if (frame.equals(arg, 'FORCE')) force = true;
      else if (frame.equals(arg, 'ABORT')) isAbort = true;
      else return reply.error(ERRORS.syntax);
    }
    if (!isAbort) {
      const refusal = node.shutdown({ now, save, force });
      if (refusal !== null) reply.errorText(refusal);
      return;
    }
    if (frame.count > 2 && (now || force || save !== null)) return reply.error(ERRORS.syntax);
    reply.error(ERRORS.noShutdown);
  },
};
