import { ERRORS } from '../../protocol/error-table.ts';
import type { CommandRow } from '../command-row.ts';
import { integer64Argument } from '../integer-argument.ts';

const INT32_MAX = 2n ** 31n - 1n;
const INT32_MIN = -(2n ** 31n);

export const selectCommand: CommandRow = {
  name: 'select',
  arity: 2,
  flags: ['loading', 'stale', 'fast'],
  group: 'connection',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Choose the database that the following commands work on',
  syntax: 'index',
  execute(session, frame, reply) {
    const index = integer64Argument(frame, 1);
    if (index === null) {
      reply.error(ERRORS.notInteger);
      return;
    }
    if (index > INT32_MAX || index < INT32_MIN) {
      reply.error(ERRORS.notInt32);
      return;
    }
    const { databases } = session.store;
    if (index < 0n || index >= databases.length) {
      reply.error(ERRORS.databaseOutOfRange);
      return;
    }
    session.database = databases[Number(index)];
    reply.ok();
  },
};
