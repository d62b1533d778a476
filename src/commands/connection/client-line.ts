import { type ClientChannel, GATE, type Session } from '../session.ts';
import { isSubscriber } from '../subscriber.ts';

/** One line of CLIENT LIST, without its newline. */
export function describeClient(session: Session): string {
  const { channel } = session;
  const { nowMs } = session.node.clock;
  const subscriptions = session.subscriptions;
  // Redis' client is still in its transaction while EXEC runs what was queued.
  const queue = (session.transaction ?? session.running)?.queue;
  const lastCommand = session.running === null ? session.lastCommand : 'exec';
  const queryBytes = channel?.queryBytes ?? 0;
  const outputBytes = channel?.outputBytes ?? 0;
  const queueBytes = queue?.heldBytes ?? 0;
  const line = [
    `id=${session.id}`,
    `addr=${channel === null ? 'embedded:0' : remoteName(channel)}`,
    `laddr=${channel === null ? 'embedded:0' : localName(channel)}`,
    `fd=${channel?.fileDescriptor ?? -1}`,
    `name=${session.name}`,
    `age=${wholeSeconds(nowMs - session.createdMs)}`,
    `idle=${wholeSeconds(nowMs - session.lastCommandMs)}`,
    `flags=${describeFlags(session)}`,
    `db=${session.databaseIndex}`,
    `sub=${subscriptions?.channelCount ?? 0}`,
    `psub=${subscriptions?.patternCount ?? 0}`,
    `ssub=${subscriptions?.shardChannelCount ?? 0}`,
    `multi=${queue?.count ?? -1}`,
    `qbuf=${queryBytes}`,
    'qbuf-free=0',
    'argv-mem=0',
    `multi-mem=${queueBytes}`,
    'rbs=0',
    'rbp=0',
    'obl=0',
    `oll=${outputBytes > 0 ? 1 : 0}`,
    `omem=${outputBytes}`,
    `tot-mem=${SESSION_BYTES + queryBytes + outputBytes + queueBytes}`,
    `events=${outputBytes > 0 ? 'rw' : 'r'}`,
    `cmd=${lastCommand === '' ? 'NULL' : lastCommand}`,
    `user=${session.userName}`,
    `redir=${session.tracking?.redirectId ?? -1}`,
    `resp=${session.protocol}`,
    `lib-name=${session.libraryName}`,
    `lib-ver=${session.libraryVersion}`,
  ].join(' ');
  const { name } = session.store;
  return name === 'default' ? line : `${line} store=${name}`;
}

/** What a connection and its session hold while idle, measured at eight thousand of them. */
const SESSION_BYTES = 1400;

/** The client's address as `addr` shows it and CLIENT KILL takes it. */
export function remoteName(channel: ClientChannel): string {
  return addressName(channel.remoteAddress, channel.remotePort);
}

export function localName(channel: ClientChannel): string {
  return addressName(channel.localAddress, channel.localPort);
}

function addressName(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function wholeSeconds(ms: number): number {
  return Math.max(0, Math.floor(ms / 1000));
}

function describeFlags(session: Session): string {
  let flags = '';
  if (session.isMonitor) flags += 'O';
  if (isSubscriber(session)) flags += 'P';
  if (session.transaction !== null || session.running !== null) flags += 'x';
  if ((session.gate & (GATE.POSTPONED | GATE.BLOCKED)) !== 0) flags += 'b';
  if (session.tracking !== null) flags += 't';
  if (session.tracking?.isRedirectBroken === true) flags += 'R';
  if (session.tracking?.isBroadcast === true) flags += 'B';
  if (session.watched?.isDirty === true) flags += 'd';
  if ((session.gate & GATE.CLOSING) !== 0) flags += 'c';
  if (!session.isEvictable) flags += 'e';
  if (!session.touchesKeys) flags += 'T';
  return flags === '' ? 'N' : flags;
}
