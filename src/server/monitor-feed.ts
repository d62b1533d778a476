import type { Frame } from '../base/frame.ts';
import type { TurnClock } from '../base/turn-clock.ts';
import type { ClientRegistry, MonitorFeed } from '../commands/node-services.ts';
import { secretArguments } from '../commands/secret-arguments.ts';
import { GATE, type Session } from '../commands/session.ts';

/**
 * Shows every command to the clients in MONITOR, as `+time [database address] "name" "argument"`;
 * in a named store its name stands for the database.
 */
export class MonitorTable implements MonitorFeed {
  private readonly sessions = new Set<Session>();
  private readonly clients: ClientRegistry;
  private readonly clock: TurnClock;

  constructor(clients: ClientRegistry, clock: TurnClock) {
    this.clients = clients;
    this.clock = clock;
  }

  get count(): number {
    return this.sessions.size;
  }

  add(session: Session): void {
    this.sessions.add(session);
    session.isMonitor = true;
    this.clients.setGate(GATE.MONITORED, true);
  }

  remove(session: Session): void {
    if (!this.sessions.delete(session)) return;
    session.isMonitor = false;
    if (this.sessions.size === 0) this.clients.setGate(GATE.MONITORED, false);
  }

  report(session: Session, frame: Frame): void {
    const line = Buffer.from(this.describe(session, frame), 'latin1');
    for (const monitor of this.sessions) monitor.channel?.push(line, 0, line.length);
  }

  private describe(session: Session, frame: Frame): string {
    const { nowMs } = this.clock;
    const seconds = Math.floor(nowMs / 1000);
    const micros = String((nowMs % 1000) * 1000).padStart(6, '0');
    const { channel } = session;
    let peer = channel === null ? 'embedded' : formatAddress(channel);
    if (session.isInScript) peer = 'lua';
    const { name } = session.store;
    const place = name === 'default' ? session.databaseIndex : name;
    let line = `+${seconds}.${micros} [${place} ${peer}]`;
    const secrets = secretArguments(frame, session.node);
    for (let i = 0; i < frame.count; i++) {
      const isSecret = i >= secrets.first && i <= secrets.last;
      line += isSecret ? ' "(redacted)"' : ` "${escapeText(frame.latin1(i))}"`;
    }
    return `${line}\r\n`;
  }
}

function formatAddress(channel: { remoteAddress: string; remotePort: number }): string {
  const { remoteAddress, remotePort } = channel;
  return remoteAddress.includes(':')
    ? `[${remoteAddress}]:${remotePort}`
    : `${remoteAddress}:${remotePort}`;
}

/** As Redis' sdscatrepr. */
function escapeText(text: string): string {
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    const code = text.charCodeAt(i);
    const short = SHORT_ESCAPES.get(char);
    if (short !== undefined) out += short;
    else if (code >= 32 && code < 127) out += char;
    else out += `\\x${code.toString(16).padStart(2, '0')}`;
  }
  return out;
}

const SHORT_ESCAPES = new Map([
  ['\\', '\\\\'],
  ['"', '\\"'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\x07', '\\a'],
  ['\b', '\\b'],
]);
