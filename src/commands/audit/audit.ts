/**
 * Who administers the node. A command that changes settings, users, stores, scripts or clients,
 * that empties a store or asks for a file on disk, has one line of component `audit`, whatever the
 * level of the log: who ran it, from where, what it named and whether it was done. Values have no
 * place in it, and of a command that failed not even names: a value may stand where a name should.
 *
 * All these commands are timed at each call, so that the others are not asked.
 */
import type { Frame } from '../../base/frame.ts';
import { LIMITS } from '../../base/limits.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { GATE, type Session } from '../session.ts';

/** What a call names; null: this one only looks. */
export type AuditNames = (session: Session, frame: Frame) => readonly string[] | null;

export interface Audit {
  readonly names: readonly string[];
  /** Before the command: it may remove its own user. */
  readonly user: string;
  readonly errorCount: number;
}

const nothing: AuditNames = () => [];
const selectedStore: AuditNames = ({ store }) => [store.name];

function argument(index: number): AuditNames {
  return (_session, frame) => (index < frame.count ? [nameAt(frame, index)] : []);
}

/** @param step  2: every other argument is a value */
function argumentsFrom(first: number, step: number): AuditNames {
  return (_session, frame) => {
    const names: string[] = [];
    for (let arg = first; arg < frame.count; arg += step) {
      if (names.length === LIMITS.auditedNamesMax) break;
      names.push(nameAt(frame, arg));
    }
    return names;
  };
}

const forgetsDenials: AuditNames = (_session, frame) => {
  return frame.count === 3 && frame.equals(2, 'RESET') ? [] : null;
};

/** By full name. What else is an administrator's only looks. */
export const AUDITED: ReadonlyMap<string, AuditNames> = new Map([
  ['acl|deluser', argumentsFrom(2, 1)],
  ['acl|load', nothing],
  ['acl|log', forgetsDenials],
  ['acl|save', nothing],
  ['acl|setuser', argument(2)],
  ['bgrewriteaof', selectedStore],
  ['bgsave', selectedStore],
  ['client|kill', nothing],
  ['client|pause', nothing],
  ['client|unpause', nothing],
  ['cluster|bumpepoch', nothing],
  ['cluster|forget', argument(2)],
  ['cluster|meet', argumentsFrom(2, 1)],
  ['cluster|saveconfig', nothing],
  ['config|resetstat', nothing],
  ['config|rewrite', nothing],
  ['config|set', argumentsFrom(2, 2)],
  ['debug', argument(1)],
  ['flushall', selectedStore],
  ['flushdb', selectedStore],
  ['function|delete', argument(2)],
  ['function|flush', nothing],
  ['function|kill', nothing],
  ['function|load', nothing],
  ['function|restore', nothing],
  ['latency|reset', nothing],
  ['monitor', nothing],
  ['save', selectedStore],
  ['script|flush', nothing],
  ['script|kill', nothing],
  ['shutdown', nothing],
  ['slowlog|reset', nothing],
  ['store|create', argument(2)],
  ['store|drop', argument(2)],
  ['store|flush', argument(2)],
  ['swapdb', selectedStore],
]);

/** To be called before the command runs. @returns null: nothing is to be told */
export function beginAudit(
  session: Session,
  frame: Frame,
  reply: ReplyWriter,
  namesOf: AuditNames,
): Audit | null {
  const names = namesOf(session, frame);
  if (names === null) return null;
  return { names, user: session.userName, errorCount: reply.errorCount };
}

/** One that was put aside is told when it runs. */
export function endAudit(
  session: Session,
  command: string,
  reply: ReplyWriter,
  { errorCount, names, user }: Audit,
): void {
  const { channel, correlationId, gate, node } = session;
  if ((gate & GATE.POSTPONED) !== 0) return;
  const isDone = reply.errorCount === errorCount;
  node.logger.child('audit').info('administer', 'The node was administered', {
    correlationId,
    user,
    command,
    ...(isDone && names.length > 0 ? { names } : {}),
    outcome: isDone ? 'ok' : 'error',
    clientId: session.id,
    ...(channel === null ? {} : { address: `${channel.remoteAddress}:${channel.remotePort}` }),
  });
}

/** Names are binary; the log is text. */
function nameAt(frame: Frame, index: number): string {
  return frame.text(index).slice(0, LIMITS.echoedBytesMax);
}
