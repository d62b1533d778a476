import { Frame } from '../../base/frame.ts';
import { echoed, subcommandSyntaxText } from '../../protocol/error-echo.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { CATEGORIES, type CommandRow } from '../command-row.ts';
import type { Command } from '../command-table.ts';
import { helpRow } from '../help-reply.ts';
import { integer64Argument } from '../integer-argument.ts';
import type { Session } from '../session.ts';
import { VERDICT } from './access-check.ts';
import { loadCommand, saveCommand } from './acl-file.ts';
import { ADMIN_ROW, PLAIN_ROW } from './acl-rows.ts';
import {
  deluserCommand,
  getuserCommand,
  listCommand,
  setuserCommand,
  usersCommand,
  whoamiCommand,
} from './acl-users.ts';
import { categoryBit } from './command-catalog.ts';
import { findCommand } from './enforce.ts';

const catCommand: CommandRow = {
  ...PLAIN_ROW,
  name: 'cat',
  arity: -2,
  since: '6.0.0',
  complexity: 'O(1) since the categories and commands are a fixed set.',
  summary: 'List the categories, or the commands of one',
  syntax: '[categoryname]',
  execute({ node }, frame, reply) {
    if (frame.count > 3) return reply.errorLatin1(subcommandSyntaxText(frame, 'ACL'));
    let names = CATEGORIES;
    if (frame.count === 3) {
      const name = echoed(frame, 2);
      const bit = categoryBit(name);
      if (bit === 0) return reply.errorLatin1(`ERR Unknown category '${echoed(frame, 2)}'`);
      const { entries } = node.access.catalog;
      names = entries
        .filter((each) => (each.categoryBits & bit) !== 0)
        .map((each) => each.fullName);
    }
    reply.array(names.length);
    for (const name of names) reply.bulkText(name);
  },
};

const GENERATED_BITS_MAX = 4096;

const genpassCommand: CommandRow = {
  ...PLAIN_ROW,
  name: 'genpass',
  arity: -2,
  since: '6.0.0',
  complexity: 'O(1)',
  summary: 'Draw a password',
  syntax: '[bits]',
  execute({ node }, frame, reply) {
    if (frame.count > 3) return reply.errorLatin1(subcommandSyntaxText(frame, 'ACL'));
    const bits = frame.count === 3 ? integer64Argument(frame, 2) : 256n;
    if (bits === null) return reply.error(ERRORS.notInteger);
    if (bits <= 0n || bits > GENERATED_BITS_MAX) {
      return reply.errorText(
        'ERR ACL GENPASS argument must be the number of bits for the output password, a positive ' +
          `number up to ${GENERATED_BITS_MAX}`,
      );
    }
    const bytes = new Uint8Array(GENERATED_BITS_MAX / 8);
    node.world.random.fill(bytes);
    const digitCount = Math.ceil(Number(bits) / 4);
    reply.bulkText(Buffer.from(bytes).toString('hex').slice(0, digitCount));
  },
};

const LOGGED_BY_DEFAULT = 10;

const logCommand: CommandRow = {
  ...ADMIN_ROW,
  name: 'log',
  arity: -2,
  since: '6.0.0',
  complexity: 'O(N) with N being the number of entries shown.',
  summary: 'Show what was refused to users, or forget it',
  syntax: '[count | RESET]',
  execute(session, frame, reply) {
    if (frame.count > 3) return reply.errorLatin1(subcommandSyntaxText(frame, 'ACL'));
    const { log } = session.node.access;
    let count = BigInt(LOGGED_BY_DEFAULT);
    if (frame.count === 3) {
      if (frame.equals(2, 'RESET')) {
        log.clear();
        return reply.ok();
      }
      const wanted = integer64Argument(frame, 2);
      if (wanted === null) return reply.error(ERRORS.notInteger);
      count = wanted < 0n ? 0n : wanted;
    }
    replyLog(session, reply, count > log.latest.length ? log.latest.length : Number(count));
  },
};

/** The last three fields are those of Redis 7.2. */
function replyLog({ node }: Session, reply: ReplyWriter, count: number): void {
  const { nowMs } = node.clock;
  reply.array(count);
  for (const entry of node.access.log.latest.slice(0, count)) {
    reply.map(10);
    reply.bulkText('count');
    reply.integer(entry.count);
    replyField(reply, 'reason', entry.reason);
    replyField(reply, 'context', entry.context);
    replyField(reply, 'object', entry.object);
    replyField(reply, 'username', entry.userName);
    reply.bulkText('age-seconds');
    reply.double((nowMs - entry.lastMs) / 1000);
    replyField(reply, 'client-info', entry.clientLine);
    reply.bulkText('entry-id');
    reply.integer(entry.id);
    reply.bulkText('timestamp-created');
    reply.integer(entry.createdMs);
    reply.bulkText('timestamp-last-updated');
    reply.integer(entry.lastMs);
  }
}

function replyField(reply: ReplyWriter, name: string, value: string): void {
  reply.bulkText(name);
  reply.bulkLatin1(value);
}

const dryrunCommand: CommandRow = {
  ...ADMIN_ROW,
  name: 'dryrun',
  arity: -4,
  since: '7.0.0',
  complexity: 'O(1).',
  summary: 'Tell whether a user may run a command, without running it',
  syntax: 'username command [arg [arg ...]]',
  execute(session, frame, reply) {
    const { access } = session.node;
    const user = access.find(frame.latin1(2));
    if (user === undefined) {
      return reply.errorLatin1(`ERR User '${echoed(frame, 2)}' not found`);
    }
    const inner = innerFrame(frame);
    const command = findCommand(session, inner);
    if (command === null) {
      const name = echoed(frame, 3);
      return reply.errorLatin1(`ERR Command '${name}' not found`);
    }
    const { arity } = command;
    if (arity > 0 ? inner.count !== arity : inner.count < -arity) {
      return reply.errorText(`ERR wrong number of arguments for '${command.fullName}' command`);
    }
    const verdict = access.check.check(user, access.catalog.entryOf(command.row), inner);
    if (verdict === VERDICT.ALLOWED) {
      const name = storeOf(session, command, inner);
      if (name === null || user.mayUseStore(name)) return reply.ok();
      return reply.bulkLatin1(`This user has no permissions to access the '${name}' store`);
    }
    const object = echoed(inner, access.check.deniedArg, Number.POSITIVE_INFINITY);
    const what = verdict === VERDICT.KEY ? 'key' : 'channel';
    reply.bulkLatin1(
      verdict === VERDICT.COMMAND
        ? `This user has no permissions to run the '${command.fullName}' command`
        : `This user has no permissions to access the '${object}' ${what}`,
    );
  },
};

/** Name of the store that a command enters or works on: the asking session's, or one it names. */
function storeOf(session: Session, command: Command, inner: Frame): string | null {
  const { stores } = session.node;
  const { fullName } = command;
  if (fullName.startsWith('store|')) {
    if (inner.count < 3) return null;
    const name = inner.latin1(2);
    return stores.find(name)?.name ?? name;
  }
  if (fullName !== 'select') return command.usesStore ? session.store.name : null;
  if (integer64Argument(inner, 1) !== null) return stores.default.name;
  return stores.find(inner.latin1(1))?.name ?? null;
}

/** The command behind the user's name, over the same bytes. */
function innerFrame(frame: Frame): Frame {
  const inner = new Frame();
  inner.attach(frame.bytes);
  for (let arg = 3; arg < frame.count; arg++) inner.append(frame.offsets[arg], frame.lengths[arg]);
  return inner;
}

const helpCommand = helpRow({
  container: 'ACL',
  group: 'server',
  since: '6.0.0',
  lines: [
    'CAT [<category>]',
    '    List all commands that belong to <category>, or all command categories',
    '    when no category is specified.',
    'DELUSER <username> [<username> ...]',
    '    Delete a list of users.',
    'DRYRUN <username> <command> [<arg> ...]',
    '    Returns whether the user can execute the given command without executing the command.',
    'GETUSER <username>',
    "    Get the user's details.",
    'GENPASS [<bits>]',
    '    Generate a secure 256-bit user password. The optional `bits` argument can',
    '    be used to specify a different size.',
    'LIST',
    '    Show users details in config file format.',
    'LOAD',
    '    Reload users from the ACL file.',
    'LOG [<count> | RESET]',
    '    Show the ACL log entries.',
    'SAVE',
    '    Save the current config to the ACL file.',
    'SETUSER <username> <attribute> [<attribute> ...]',
    '    Create or modify a user with the specified attributes.',
    'USERS',
    '    List all the registered usernames.',
    'WHOAMI',
    '    Return the current connection username.',
  ],
});

export const aclCommand: CommandRow = {
  name: 'acl',
  arity: -2,
  flags: [],
  group: 'server',
  since: '6.0.0',
  complexity: 'Depends on subcommand.',
  summary: 'Say who may do what',
  syntax: '',
  subcommands: [
    catCommand,
    deluserCommand,
    dryrunCommand,
    genpassCommand,
    getuserCommand,
    helpCommand,
    listCommand,
    loadCommand,
    logCommand,
    saveCommand,
    setuserCommand,
    usersCommand,
    whoamiCommand,
  ],
};
