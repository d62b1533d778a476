import {
  decodeHello,
  decodeWelcome,
  encodeHello,
  encodeWelcome,
  REFUSALS,
} from '../cluster/peers/greeting.ts';
import type { MessageReader } from '../cluster/peers/message-reader.ts';
import { MESSAGE, type MessageName } from '../cluster/peers/message-table.ts';
import type { MessageWriter } from '../cluster/peers/message-writer.ts';
import { decodeView, encodeView, NODE_STATES } from '../cluster/placement/view-message.ts';
import type { Draw } from './seeded.ts';

/**
 * The real codec of each type of messages, for tests that break messages at every place: what is
 * written at random must be read as it was, and what is broken must be refused as MESSAGE_BROKEN or
 * read as something else, and nothing worse.
 */
export interface MessageCodec {
  readonly name: MessageName;
  /** Writes a random message, `end` included. @returns what `read` must tell of it */
  write(writer: MessageWriter, draw: Draw): unknown;
  /** As the handler reads it, up to what would follow from it. */
  read(message: MessageReader): unknown;
}

export const MESSAGE_CODECS: readonly MessageCodec[] = [
  {
    name: 'hello',
    write(writer, draw) {
      const hello = {
        versionMin: draw(256),
        versionMax: draw(256),
        id: drawText(draw, 1),
        incarnation: draw(2 ** 53),
        wallMs: draw(2 ** 53),
        clusterDigest: drawText(draw, 0),
        wantedId: drawText(draw, 0),
        databaseCount: draw(2 ** 32),
      };
      encodeHello(writer, hello);
      return hello;
    },
    read: decodeHello,
  },
  {
    name: 'welcome',
    write(writer, draw) {
      const welcome = {
        refusal: REFUSALS[draw(REFUSALS.length)].name,
        version: draw(256),
        id: drawText(draw, 1),
        incarnation: draw(2 ** 53),
        wallMs: draw(2 ** 53),
      };
      encodeWelcome(writer, welcome);
      return welcome;
    },
    read: decodeWelcome,
  },
  {
    name: 'view',
    write(writer, draw) {
      const hearing = new Map<string, boolean>();
      for (let left = draw(4); left > 0; left--) hearing.set(drawText(draw, 1), draw(2) === 0);
      const state = NODE_STATES[draw(NODE_STATES.length)];
      const view = { revision: draw(2 ** 53), state, hearing };
      encodeView(view, writer);
      return view;
    },
    read: decodeView,
  },
];

/** Short, of one to four bytes a character. */
export function drawText(draw: Draw, lengthMin: number): string {
  const length = lengthMin + draw(12);
  return Array.from({ length }, () => String.fromCodePoint(LETTERS[draw(LETTERS.length)])).join('');
}

/** Most short, some that no buffer of a usual size holds. */
export function drawBytes(draw: Draw): Uint8Array {
  const length = draw(20) === 0 ? draw(200_000) : draw(40);
  return Uint8Array.from({ length }, () => draw(256));
}

export function typeOf(codec: MessageCodec): number {
  return MESSAGE[codec.name];
}

const LETTERS = [0x61, 0x39, 0x20, 0x00, 0xe4, 0x20ac, 0x1f600];
