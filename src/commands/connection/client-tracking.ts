import type { Frame } from '../../base/frame.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { CommandRow } from '../command-row.ts';
import { integer64Argument } from '../integer-argument.ts';
import type { Session } from '../session.ts';

const PLAIN = {
  flags: ['noscript', 'loading', 'stale'],
  group: 'connection',
  since: '6.0.0',
  complexity: 'O(1)',
} as const;

/**
 * Client-side caching is not built yet: the options are checked, ON is refused, OFF is no change.
 */
export const clientTrackingCommand: CommandRow = {
  ...PLAIN,
  name: 'tracking',
  arity: -3,
  complexity: 'O(1). Some options may introduce additional complexity.',
  summary: 'Choose whether the server tells this client which cached keys have changed',
  syntax:
    'ON | OFF [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] ' +
    '[BCAST] [OPTIN] [OPTOUT] [NOLOOP]',
  execute(session, frame, reply) {
    const error = checkTracking(session, frame);
    if (error !== null) reply.errorText(error);
    else reply.ok();
  },
};

/** @returns the error's text, or null */
function checkTracking(session: Session, frame: Frame): string | null {
  let isBroadcast = false;
  let isOptIn = false;
  let isOptOut = false;
  let hasPrefix = false;
  for (let arg = 3; arg < frame.count; arg++) {
    const hasMore = arg + 1 < frame.count;
    if (frame.equals(arg, 'REDIRECT') && hasMore) {
      const id = integer64Argument(frame, ++arg);
      if (id === null) return ERRORS.notInteger.text;
      if (session.node.clients.byId(Number(id)) === undefined) {
        return 'ERR The client ID you want redirect to does not exist';
      }
    } else if (frame.equals(arg, 'BCAST')) isBroadcast = true;
    else if (frame.equals(arg, 'OPTIN')) isOptIn = true;
    else if (frame.equals(arg, 'OPTOUT')) isOptOut = true;
    else if (frame.equals(arg, 'PREFIX') && hasMore) {
      hasPrefix = true;
      arg++;
    } else if (!frame.equals(arg, 'NOLOOP')) return ERRORS.syntax.text;
  }
  if (frame.equals(2, 'OFF')) return null;
  if (!frame.equals(2, 'ON')) return ERRORS.syntax.text;
  if (hasPrefix && !isBroadcast) {
    return 'ERR PREFIX option requires BCAST mode to be enabled';
  }
  if (isOptIn && isOptOut) return "ERR You can't specify both OPTIN mode and OPTOUT mode";
  if (isBroadcast && (isOptIn || isOptOut)) {
    return 'ERR OPTIN and OPTOUT are not compatible with BCAST';
  }
  return 'ERR Client tracking is not available in this version';
}

export const clientTrackinginfoCommand: CommandRow = {
  ...PLAIN,
  name: 'trackinginfo',
  arity: 2,
  since: '6.2.0',
  summary: 'Tell what CLIENT TRACKING was set to',
  syntax: '',
  execute(_session, _frame, reply) {
    reply.map(3);
    reply.bulkText('flags');
    reply.set(1);
    reply.bulkText('off');
    reply.bulkText('redirect');
    reply.integer(-1);
    reply.bulkText('prefixes');
    reply.array(0);
  },
};

export const clientGetredirCommand: CommandRow = {
  ...PLAIN,
  name: 'getredir',
  arity: 2,
  summary: 'Tell which client receives the invalidations meant for this one',
  syntax: '',
  execute(_session, _frame, reply) {
    reply.integer(-1);
  },
};

export const clientCachingCommand: CommandRow = {
  ...PLAIN,
  name: 'caching',
  arity: 3,
  summary: 'Choose whether the keys of the next command are tracked',
  syntax: 'YES | NO',
  execute(_session, _frame, reply) {
    reply.errorText(
      'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or ' +
        'OPTOUT mode enabled',
    );
  },
};
