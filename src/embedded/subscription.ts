import type { FastBuffer } from '../base/fast-buffer.ts';
import type { CommandCaller } from '../commands/direct/command-caller.ts';
import type { ClientChannel } from '../commands/session.ts';
import type { RunningNode } from '../node.ts';
import { ReplyReader } from '../protocol/reply-values.ts';
import { openCaller } from './caller.ts';

export interface Subscription {
  close(): void;
}

export interface SubscribeOptions {
  /** The name is a glob pattern: messages of all channels that match it. */
  readonly isPattern?: boolean;
  /** Messages as Buffers instead of text. */
  readonly isBinary?: boolean;
}

export type MessageListener<M = string> = (message: M, channel: string) => void;

/**
 * Hears channels for the embedding program. Messages are handed over at the end of the loop turn
 * they were published in: a listener may call the store, which must not happen in the middle of a
 * command.
 */
export class EmbeddedSubscription implements Subscription {
  private readonly node: RunningNode;
  private readonly caller: CommandCaller;
  private readonly listener: MessageListener<string | Buffer>;
  private readonly isBinary: boolean;
  private readonly reader = new ReplyReader();
  private readonly pushed: Buffer[] = [];
  private isClosed = false;

  constructor(
    node: RunningNode,
    name: string,
    listener: MessageListener<string | Buffer>,
    options: SubscribeOptions,
  ) {
    this.node = node;
    this.listener = listener;
    this.isBinary = options.isBinary === true;
    this.caller = openCaller(node, this.createChannel());
    const { builder } = this.caller;
    builder.beginEmpty();
    builder.text(options.isPattern === true ? 'PSUBSCRIBE' : 'SUBSCRIBE');
    builder.text(name);
    this.caller.execute();
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.node.closeSession(this.caller.session);
  }

  private deliver(): void {
    const pushed = this.pushed.splice(0);
    for (const bytes of pushed) {
      if (this.isClosed) return;
      const parts = this.reader.read(bytes as FastBuffer, 0, true) as Buffer[];
      const message = parts[parts.length - 1];
      const channel = parts[parts.length - 2].toString();
      this.listener(this.isBinary ? message : message.toString(), channel);
    }
  }

  private createChannel(): ClientChannel {
    return {
      remoteAddress: 'embedded',
      remotePort: 0,
      localAddress: 'embedded',
      localPort: 0,
      fileDescriptor: -1,
      queryBytes: 0,
      outputBytes: 0,
      isTls: false,
      isPatient: false,
      replyMode: 'on',
      push: (bytes, start, end) => {
        if (this.pushed.length === 0) this.node.loop.doLater(() => this.deliver());
        this.pushed.push(Buffer.from(bytes.subarray(start, end)));
      },
      postpone: () => {},
      resumePostponed: () => {},
      answerBlocked: () => {},
      answerForwarded: () => {},
      failBlocked: () => {},
      closeAfterReplies: () => this.close(),
      close: () => this.close(),
    };
  }
}
