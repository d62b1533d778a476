import type { User } from '../commands/acl/user.ts';
import { type CallerNode, CommandCaller } from '../commands/direct/command-caller.ts';
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

  /** Whether a command threw that, and it was counted and logged then. */
  hasReported(error: unknown): boolean {
    for (const { caller } of this.byUser.values()) if (caller.failure === error) return true;
    return false;
  }

  closeAll(): void {
    for (const name of [...this.byUser.keys()]) this.close(name);
  }

  private open(name: string, { user, isLoggedIn }: Requester): HttpSession {
    const channel = new HttpChannel(() => this.close(name));
    const session = this.node.openSession(channel);
    session.user = user;
    session.isAuthenticated = isLoggedIn;
    session.name = 'http';
    session.marksJson = true;
    settleLogin(session);
    const caller = new CommandCaller({
      node: this.node,
      session,
      names: NAMES,
      component: 'http',
      isSecured: false,
    });
    const opened = { caller, channel };
    this.byUser.set(name, opened);
    return opened;
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
  readonly isPatient = false;
  replyMode: ClientChannel['replyMode'] = 'on';
  private readonly onClose: () => void;

  constructor(onClose: () => void) {
    this.onClose = onClose;
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
  postpone(): void {}
  resumePostponed(): void {}
  answerBlocked(): void {}
  answerForwarded(): void {}
  failBlocked(): void {}
  closeAfterReplies(): void {
    this.onClose();
  }
  close(): void {
    this.onClose();
  }
}
