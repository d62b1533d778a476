import type { User } from '../commands/acl/user.ts';
import { type CallerNode, CommandCaller } from '../commands/direct/command-caller.ts';
import { ReplyScript } from '../commands/direct/reply-script.ts';
import { type ClientChannel, enterStore, type Session, settleLogin } from '../commands/session.ts';
import type { Store } from '../engine/store.ts';

/** Commands that requests become; the caller's builder has their names. */
const NAMES = ['GET', 'SET', 'DEL'] as const;

export const NAME = { GET: 0, SET: 1, DEL: 2 } as const;

/** What the node does for sessions without a socket. */
export interface SessionKeeper extends CallerNode {
  openSession(channel: ClientChannel): Session;
  closeSession(session: Session): void;
}

/** Whom a request comes from. */
export interface Requester {
  readonly user: User;
  /** Else the route is open to all, or the login failed: no command that needs a login runs. */
  readonly isLoggedIn: boolean;
  readonly address: string;
  readonly port: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly isTls: boolean;
  readonly correlationId: string;
}

interface HttpSession {
  readonly caller: CommandCaller;
  readonly channel: HttpChannel;
}

/**
 * One session a user, not one a request or connection: a request's commands run in one go, so
 * that the session can say whose they are while they run (MONITOR, ACL LOG, the slow log show the
 * client's address), and opening one for each costs more than a GET. Nothing of what a session
 * remembers (MULTI, WATCH, CLIENT) can be asked for over HTTP.
 */
export class HttpSessions {
  private readonly node: SessionKeeper;
  private readonly byUser = new Map<string, HttpSession>();

  constructor(node: SessionKeeper) {
    this.node = node;
  }

  /** The caller for one request: until the next call to here its session is that request's. */
  enter(requester: Requester, store: Store): CommandCaller {
    const { user, isLoggedIn } = requester;
    const name = isLoggedIn ? user.name : STRANGER;
    let found = this.byUser.get(name);
    if (found !== undefined && found.caller.session.user !== user) {
      this.close(name);
      found = undefined;
    }
    if (found === undefined) found = this.open(name, requester);
    const { caller, channel } = found;
    const { session } = caller;
    channel.requester = requester;
    session.correlationId = requester.correlationId;
    session.lastCommandMs = this.node.services.clock.nowMs;
    if (session.store !== store || store.isDropped) enterStore(session, store);
    return caller;
  }

  /**
   * A session for one request alone, whose commands other nodes may execute. To be closed by
   * `leave`.
   */
  enterAlone(requester: Requester, store: Store): { caller: CommandCaller; script: ReplyScript } {
    const script = new ReplyScript();
    const channel = new HttpChannel(() => {}, script);
    const session = this.node.openSession(channel);
    const caller = this.createCaller(session, requester);
    channel.requester = requester;
    session.correlationId = requester.correlationId;
    enterStore(session, store);
    caller.script = script;
    return { caller, script };
  }

  leave({ session }: CommandCaller): void {
    this.node.closeSession(session);
  }

  /** Whether a command threw that, and it was counted and logged then. */
  hasReported(error: unknown): boolean {
    for (const { caller } of this.byUser.values()) if (caller.failure === error) return true;
    return false;
  }

  closeAll(): void {
    for (const name of [...this.byUser.keys()]) this.close(name);
  }

  private open(name: string, requester: Requester): HttpSession {
    const channel = new HttpChannel(() => this.close(name), null);
    const caller = this.createCaller(this.node.openSession(channel), requester);
    const opened = { caller, channel };
    this.byUser.set(name, opened);
    return opened;
  }

  private createCaller(session: Session, { user, isLoggedIn }: Requester): CommandCaller {
    session.user = user;
    session.isAuthenticated = isLoggedIn;
    session.name = 'http';
    session.marksJson = true;
    settleLogin(session);
    return new CommandCaller({
      node: this.node,
      session,
      names: NAMES,
      component: 'http',
      isSecured: false,
    });
  }

  private close(name: string): void {
    const found = this.byUser.get(name);
    if (found === undefined) return;
    this.byUser.delete(name);
    this.node.closeSession(found.caller.session);
  }
}

/** No user's name holds a blank. */
const STRANGER = ' ';

const NOBODY = { address: '', port: 0, localAddress: '', localPort: 0, isTls: false };

/** The socket's side of such a session. Nothing is ever pushed to it. */
class HttpChannel implements ClientChannel {
  requester: Omit<Requester, 'user' | 'isLoggedIn' | 'correlationId'> = NOBODY;
  readonly fileDescriptor = -1;
  readonly queryBytes = 0;
  readonly outputBytes = 0;
  readonly isPatient: boolean;
  replyMode: ClientChannel['replyMode'] = 'on';
  private readonly onClose: () => void;
  private readonly script: ReplyScript | null;

  /** @param script  takes the replies of other nodes; null: nobody would wait for them */
  constructor(onClose: () => void, script: ReplyScript | null) {
    this.onClose = onClose;
    this.script = script;
    this.isPatient = script !== null;
  }

  get remoteAddress(): string {
    return this.requester.address;
  }
  get remotePort(): number {
    return this.requester.port;
  }
  get localAddress(): string {
    return this.requester.localAddress;
  }
  get localPort(): number {
    return this.requester.localPort;
  }
  get isTls(): boolean {
    return this.requester.isTls;
  }

  push(): void {}
  /** Requests wait for the end of a pause before they come to the door. */
  postpone(): void {
    this.script?.putOff();
  }
  resumePostponed(): void {}
  answerBlocked(): void {}
  answerForwarded(bytes: Uint8Array, start: number, end: number, isLast: boolean): void {
    this.script?.receive(bytes, start, end, isLast);
  }
  failBlocked(): void {}
  closeAfterReplies(): void {
    this.onClose();
  }
  close(): void {
    this.onClose();
  }
}
