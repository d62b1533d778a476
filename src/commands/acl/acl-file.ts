import { NodeError } from '../../base/errors.ts';
import type { CommandRow } from '../command-row.ts';
import { settleAllLogins } from '../login.ts';
import { loadAccessFile, saveAccessFile } from './access-file.ts';
import { ADMIN_ROW } from './acl-rows.ts';
import { closeClientsOf } from './acl-users.ts';

const NO_FILE =
  'ERR This Redis instance is not configured to use an ACL file. You may want to specify users ' +
  'via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis ' +
  'configuration file set) in order to store users in the Redis configuration.';

const COMPLEXITY = 'O(N). Where N is the number of configured users.';

export const loadCommand: CommandRow = {
  ...ADMIN_ROW,
  name: 'load',
  arity: 2,
  since: '6.0.0',
  complexity: COMPLEXITY,
  summary: 'Replace all users by those of the ACL file',
  syntax: '',
  execute(session, _frame, reply) {
    const { access, configuration, world } = session.node;
    const { aclFile } = configuration.security;
    if (aclFile === '') return reply.errorText(NO_FILE);
    const loaded = loadAccessFile(access, aclFile, world.disk);
    if (typeof loaded === 'string') return reply.errorLatin1(`ERR ${loaded}`);
    closeClientsOf(session, loaded);
    settleAllLogins(session.node);
    reply.ok();
  },
};

export const saveCommand: CommandRow = {
  ...ADMIN_ROW,
  name: 'save',
  arity: 2,
  since: '6.0.0',
  complexity: COMPLEXITY,
  summary: 'Write all users to the ACL file',
  syntax: '',
  execute({ node, correlationId }, _frame, reply) {
    const { aclFile } = node.configuration.security;
    if (aclFile === '') return reply.errorText(NO_FILE);
    try {
      saveAccessFile(node.access, aclFile, node.world.disk);
      reply.ok();
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      const facts = { correlationId, error, path: aclFile };
      node.logger.child('auth').error('acl-save', 'The ACL file was not written', facts);
      reply.errorText(
        'ERR There was an error trying to save the ACLs. Please check the server logs for more ' +
          'information',
      );
    }
  },
};
