import type { Frame } from '../../base/frame.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { CommandRow } from '../command-row.ts';
import { integer64Argument } from '../integer-argument.ts';
import type { NodeServices, TrackingOptions } from '../node-services.ts';
import type { Session, SessionTracking } from '../session.ts';

const PLAIN = {
  flags: ['noscript', 'loading', 'stale'],
  group: 'connection',
  since: '6.0.0',
  complexity: 'O(1)',
} as const;

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
    const options = readOptions(session, frame);
    if (typeof options === 'string') return reply.errorText(options);
    if (frame.equals(2, 'OFF')) {
      session.node.tracking.disable(session);
    } else if (frame.equals(2, 'ON')) {
      const error =
        deafnessOf(session.node) ??
        conflictOf(session.tracking, options) ??
        overlapOf(session.tracking, options);
      if (error !== null) return reply.errorLatin1(error);
      session.node.tracking.enable(session, options);
    } else {
      return reply.error(ERRORS.syntax);
    }
    reply.ok();
  },
};

/** A client that was not told of changes would go on with what it has. */
function deafnessOf({ cluster, configuration }: NodeServices): string | null {
  return cluster.isOn && configuration.cluster.replicationFactor !== 0 ? DEAF : null;
}

const DEAF =
  'ERR CLIENT TRACKING needs cluster.replication_factor all: a node hears nothing of changes of ' +
  'keys that it does not hold';

/** @returns the error's text when they cannot be read */
function readOptions(session: Session, frame: Frame): TrackingOptions | string {
  const prefixes: string[] = [];
  const options = {
    redirectId: 0,
    isBroadcast: false,
    isOptIn: false,
    isOptOut: false,
    isNoLoop: false,
    prefixes,
  };
  for (let arg = 3; arg < frame.count; arg++) {
    const hasMore = arg + 1 < frame.count;
    if (frame.equals(arg, 'REDIRECT') && hasMore) {
      if (options.redirectId !== 0) return REDIRECTED_TWICE;
      const id = integer64Argument(frame, ++arg);
      if (id === null) return ERRORS.notInteger.text;
      if (session.node.clients.byId(Number(id)) === undefined) {
        return 'ERR The client ID you want redirect to does not exist';
      }
      options.redirectId = Number(id);
    } else if (frame.equals(arg, 'BCAST')) options.isBroadcast = true;
    else if (frame.equals(arg, 'OPTIN')) options.isOptIn = true;
    else if (frame.equals(arg, 'OPTOUT')) options.isOptOut = true;
    else if (frame.equals(arg, 'NOLOOP')) options.isNoLoop = true;
    else if (frame.equals(arg, 'PREFIX') && hasMore) prefixes.push(frame.latin1(++arg));
    else return ERRORS.syntax.text;
  }
  return options;
}

const REDIRECTED_TWICE = 'ERR A client can only redirect to a single other client';

/** What contradicts itself, or what was chosen before; null when nothing does. */
function conflictOf(before: SessionTracking | null, options: TrackingOptions): string | null {
  const { isBroadcast, isOptIn, isOptOut, prefixes } = options;
  if (prefixes.length > 0 && !isBroadcast) {
    return 'ERR PREFIX option requires BCAST mode to be enabled';
  }
  if (before !== null && before.isBroadcast !== isBroadcast) return switched('BCAST mode on/off');
  if (isBroadcast && (isOptIn || isOptOut)) {
    return 'ERR OPTIN and OPTOUT are not compatible with BCAST';
  }
  if (isOptIn && isOptOut) return "ERR You can't specify both OPTIN mode and OPTOUT mode";
  if (before === null) return null;
  const isSwitched = (isOptIn && before.isOptOut) || (isOptOut && before.isOptIn);
  return isSwitched ? switched('OPTIN/OPTOUT mode') : null;
}

function switched(what: string): string {
  return (
    `ERR You can't switch ${what} before disabling tracking for this client, and then ` +
    're-enabling it with a different mode.'
  );
}

/** Of two prefixes that one key may have, a client could not tell which was meant. */
function overlapOf(before: SessionTracking | null, options: TrackingOptions): string | null {
  const { prefixes } = options;
  for (let i = 0; i < prefixes.length; i++) {
    const old = before?.prefixes.find((other) => overlap(other, prefixes[i]));
    if (old !== undefined) return overlapText(prefixes[i], 'an existing', old);
    const other = prefixes.slice(i + 1).find((later) => overlap(later, prefixes[i]));
    if (other !== undefined) return overlapText(prefixes[i], 'another provided', other);
  }
  return null;
}

function overlap(left: string, right: string): boolean {
  return left.startsWith(right) || right.startsWith(left);
}

function overlapText(prefix: string, which: string, other: string): string {
  return (
    `ERR Prefix '${printed(prefix)}' overlaps with ${which} prefix '${printed(other)}'. ` +
    'Prefixes for a single client must not overlap.'
  );
}

/** C strings end at a NUL. */
function printed(text: string): string {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

export const clientTrackinginfoCommand: CommandRow = {
  ...PLAIN,
  name: 'trackinginfo',
  arity: 2,
  since: '6.2.0',
  summary: 'Tell what CLIENT TRACKING was set to',
  syntax: '',
  execute({ tracking }, _frame, reply) {
    const flags = tracking === null ? ['off'] : flagsOf(tracking);
    reply.map(3);
    reply.bulkText('flags');
    reply.set(flags.length);
    for (const flag of flags) reply.bulkText(flag);
    reply.bulkText('redirect');
    reply.integer(tracking?.redirectId ?? -1);
    reply.bulkText('prefixes');
    const prefixes = tracking?.prefixes ?? [];
    reply.array(prefixes.length);
    for (const prefix of prefixes) reply.bulkLatin1(prefix);
  },
};

function flagsOf(tracking: SessionTracking): string[] {
  const flags = ['on'];
  const { isCachingChosen } = tracking;
  if (tracking.isBroadcast) flags.push('bcast');
  if (tracking.isOptIn) flags.push('optin');
  if (tracking.isOptIn && isCachingChosen) flags.push('caching-yes');
  if (tracking.isOptOut) flags.push('optout');
  if (tracking.isOptOut && isCachingChosen) flags.push('caching-no');
  if (tracking.isNoLoop) flags.push('noloop');
  if (tracking.isRedirectBroken) flags.push('broken_redirect');
  return flags;
}

export const clientGetredirCommand: CommandRow = {
  ...PLAIN,
  name: 'getredir',
  arity: 2,
  summary: 'Tell which client receives the invalidations meant for this one',
  syntax: '',
  execute({ tracking }, _frame, reply) {
    reply.integer(tracking?.redirectId ?? -1);
  },
};

export const clientCachingCommand: CommandRow = {
  ...PLAIN,
  name: 'caching',
  arity: 3,
  summary: 'Choose whether the keys of the next command are tracked',
  syntax: 'YES | NO',
  execute({ tracking }, frame, reply) {
    if (tracking === null) return reply.errorText(CACHING_WITHOUT_TRACKING);
    const isYes = frame.equals(2, 'YES');
    if (!isYes && !frame.equals(2, 'NO')) return reply.error(ERRORS.syntax);
    if (isYes ? !tracking.isOptIn : !tracking.isOptOut) return refuseCaching(isYes, reply);
    tracking.isCachingChosen = true;
    reply.ok();
  },
};

const CACHING_WITHOUT_TRACKING =
  'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or ' +
  'OPTOUT mode enabled';

function refuseCaching(isYes: boolean, reply: ReplyWriter): void {
  const [answer, mode] = isYes ? ['YES', 'OPTIN'] : ['NO', 'OPTOUT'];
  reply.errorText(
    `ERR CLIENT CACHING ${answer} is only valid when tracking is enabled in ${mode} mode.`,
  );
}
