import type { CommandRow } from '../command-row.ts';
import { beginLogin } from '../login.ts';
import { beRedirected, enterStore, GATE, type Session } from '../session.ts';

export const quitCommand: CommandRow = {
  name: 'quit',
  arity: -1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  group: 'connection',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Close the connection',
  syntax: '',
  execute(session, _frame, reply) {
    reply.ok();
    session.channel?.closeAfterReplies();
  },
};

export const resetCommand: CommandRow = {
  name: 'reset',
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  group: 'connection',
  since: '6.2.0',
  complexity: 'O(1)',
  summary: 'Take the connection back to how it began',
  syntax: '',
  execute(session, _frame, reply) {
    reset(session);
    reply.protocol = 2;
    reply.simple('RESET');
  },
};

/**
 * All but what describes the client itself: its id, age and library, and that it is not evicted.
 */
function reset(session: Session): void {
  const { node } = session;
  session.transaction = null;
  node.watches.unwatch(session);
  node.pubsub.removeAll(session);
  node.monitors.remove(session);
  node.tracking.disable(session);
  enterStore(session, node.stores.default);
  session.protocol = 2;
  session.name = '';
  session.correlationId = '';
  session.touchesKeys = true;
  session.gate &= ~(GATE.IN_TRANSACTION | GATE.SUBSCRIBED | GATE.REPLIES_OFF);
  if (session.channel !== null) session.channel.replyMode = 'on';
  if (session.slots !== null) beRedirected(session);
  beginLogin(session);
}
