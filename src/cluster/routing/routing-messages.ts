/**
 * What nodes send each other about commands of their clients.
 *
 *     command   u53 client | u8 round | u8 parts | [context] | [u53 waited ms] | u53 number |
 *               u32 count | bytes: the commands, numbered from there on
 *     context   text store | u32 database | u8 flags | text address | u32 port | text name |
 *               text correlation id | text user and its rules; empty: everything is allowed
 *     reply     u53 client | u53 clock of stamps | u53 number | u32 count | u32 length of each |
 *               bytes of all
 *     end       u53 client | u8 what
 */
import { encodeUser } from '../../commands/acl/carried-user.ts';
import { GATE, type Session } from '../../commands/session.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import type { MessageWriter } from '../peers/message-writer.ts';
import type { ForwardLine, ToldContext } from './forward-line.ts';

export const PART = {
  CONTEXT: 1,
  WAITED: 2,
  /** EXEC, and its client has watched keys: if nothing is watched here, they were lost. */
  WATCHED: 4,
} as const;

/** In place of a reply's length: the command was not executed, its owner is another node. */
export const HANDED_BACK = 0xffff_ffff;

export const END = {
  /** The client is gone. */
  GONE: 0,
  /** CLIENT UNBLOCK. */
  UNBLOCK_TIMEOUT: 1,
  UNBLOCK_ERROR: 2,
} as const;

const CONTEXT_FLAG = { RESP3: 1, JSON: 2, NO_TOUCH: 4 } as const;

/** Who asks, as its owner must know it. */
export interface CommandContext {
  storeName: string;
  databaseIndex: number;
  isResp3: boolean;
  marksJson: boolean;
  touchesKeys: boolean;
  address: string;
  port: number;
  clientName: string;
  correlationId: string;
  /** As `encodeUser` made it. */
  user: string;
}

/**
 * Whether that node knows all of the client's context; when not, it is noted that it is told now.
 * @param linkCount  how often its links have come up: it forgets when one breaks
 */
export function isTold(line: ForwardLine, target: string, linkCount: number): boolean {
  const { session } = line;
  const told = line.told.get(target);
  const flags = flagsOf(session);
  if (
    told !== undefined &&
    told.linkCount === linkCount &&
    told.storeName === session.store.name &&
    told.databaseIndex === session.databaseIndex &&
    told.flags === flags &&
    told.user === session.user &&
    told.userRevision === (session.user?.revision ?? 0) &&
    told.clientName === session.name &&
    told.correlationId === session.correlationId
  ) {
    return true;
  }
  line.told.set(target, tell(session, flags, linkCount));
  return false;
}

function tell(session: Session, flags: number, linkCount: number): ToldContext {
  return {
    linkCount,
    storeName: session.store.name,
    databaseIndex: session.databaseIndex,
    flags,
    user: session.user,
    userRevision: session.user?.revision ?? 0,
    clientName: session.name,
    correlationId: session.correlationId,
  };
}

export function contextOf(session: Session): CommandContext {
  const { channel } = session;
  return {
    storeName: session.store.name,
    databaseIndex: session.databaseIndex,
    isResp3: session.protocol === 3,
    marksJson: session.marksJson,
    touchesKeys: session.touchesKeys,
    address: channel?.remoteAddress ?? '',
    port: channel?.remotePort ?? 0,
    clientName: session.name,
    correlationId: session.correlationId,
    user: encodeUser(session.user),
  };
}

export function writeContext(writer: MessageWriter, session: Session): void {
  const { channel, store } = session;
  writer.text(store.name).u32(session.databaseIndex).u8(flagsOf(session));
  writer.text(channel?.remoteAddress ?? '').u32(channel?.remotePort ?? 0);
  writer.text(session.name).text(session.correlationId).text(encodeUser(session.user));
}

export function readContext(message: MessageReader): CommandContext {
  const storeName = message.text();
  const databaseIndex = message.u32();
  const flags = message.u8();
  return {
    storeName,
    databaseIndex,
    isResp3: (flags & CONTEXT_FLAG.RESP3) !== 0,
    marksJson: (flags & CONTEXT_FLAG.JSON) !== 0,
    touchesKeys: (flags & CONTEXT_FLAG.NO_TOUCH) === 0,
    address: message.text(),
    port: message.u32(),
    clientName: message.text(),
    correlationId: message.text(),
    user: message.text(),
  };
}

function flagsOf(session: Session): number {
  let flags = session.protocol === 3 ? CONTEXT_FLAG.RESP3 : 0;
  if (session.marksJson) flags |= CONTEXT_FLAG.JSON;
  if (!session.touchesKeys) flags |= CONTEXT_FLAG.NO_TOUCH;
  return flags;
}

/** CLIENT REPLY drops the reply of the command that runs now. */
export function isSilenced({ channel, gate }: Session): boolean {
  if (channel === null || (gate & GATE.REPLIES_OFF) === 0) return false;
  return channel.replyMode === 'off' || channel.replyMode === 'skip';
}
