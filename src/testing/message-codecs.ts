import { SLOT_COUNT } from '../base/digest/key-slot.ts';
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
import { CopyBatch, eachCopy } from '../cluster/repair/key-copies.ts';
import { StampRun } from '../cluster/repair/stamp-run.ts';
import { DatabaseDigests, SlotDigests } from '../cluster/repair/sync-messages.ts';
import { GROUP_SLOT_COUNT, TAG_HASH_BITS } from '../cluster/replication/stamp-group.ts';
import { NO_DEADLINE } from '../engine/database.ts';
import { EVENT } from '../engine/event-table.ts';
import { setStringArgument } from '../engine/values/string/string-value.ts';
import { createEngineFixture, frameOf } from './engine-fixture.ts';
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
  {
    name: 'digests',
    write(writer, draw) {
      const digests = drawDigests(draw);
      digests.writeTo(writer);
      writer.end();
      return digests;
    },
    read(message) {
      const digests = new DatabaseDigests();
      digests.readFrom(message);
      return digests;
    },
  },
  {
    name: 'stamps',
    write(writer, draw) {
      const run = drawStamps(draw);
      run.writeTo(writer);
      writer.end();
      return cellsOf(run);
    },
    read(message) {
      const run = new StampRun();
      run.readFrom(message);
      return cellsOf(run);
    },
  },
  {
    name: 'copies',
    write: (writer, draw) => writeCopies(writer, draw),
    read(message) {
      const told: string[] = [];
      eachCopy(message, (frame, high, low) => {
        told.push(`${frame.latin1(1)} ${frame.latin1(2)} ${high} ${low}`);
      });
      return told;
    },
  },
];

function drawDigests(draw: Draw): DatabaseDigests {
  const digests = new DatabaseDigests();
  digests.databaseIndex = draw(2 ** 32);
  digests.keyCount = draw(2 ** 53);
  digests.floorHigh = draw(2 ** 32);
  digests.floorLow = draw(2 ** 32);
  digests.purgedHigh = draw(2 ** 32);
  digests.purgedLow = draw(2 ** 32);
  digests.loadedHigh = draw(2 ** 32);
  digests.loadedLow = draw(2 ** 32);
  digests.left = draw(2 ** 31);
  digests.right = ~draw(2 ** 31);
  if (draw(50) > 0) return digests;
  // Few slots and many are told in two ways.
  const usedPercent = draw(101);
  // That none is used is not told.
  const always = draw(SLOT_COUNT);
  digests.slots = new SlotDigests();
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const isUsed = slot === always || draw(100) < usedPercent;
    if (isUsed) digests.slots.add(slot, draw(2 ** 32), 1 + draw(2 ** 31));
  }
  return digests;
}

function drawStamps(draw: Draw): StampRun {
  const run = new StampRun();
  for (let left = draw(5); left > 0; left--) {
    const slot = draw(SLOT_COUNT);
    run.beginSlot(slot);
    for (let cells = draw(6); cells > 0; cells--) {
      const tag = (slot % GROUP_SLOT_COUNT) * 2 ** TAG_HASH_BITS + 1 + draw(2 ** TAG_HASH_BITS - 1);
      run.push(tag, draw(2 ** 32), draw(2 ** 32), draw(2) === 0);
    }
  }
  run.closeSlot();
  return run;
}

function cellsOf(run: StampRun): string[] {
  const told: string[] = [];
  run.each((...cell) => told.push(cell.join()));
  return told;
}

/** Strings, as the keys of a store that was filled for this. */
function writeCopies(writer: MessageWriter, draw: Draw): string[] {
  const { store } = createEngineFixture({ seed: 1, records: false });
  const [database] = store.databases;
  const batch = new CopyBatch();
  const told: string[] = [];
  for (let i = draw(6); i > 0; i--) {
    const frame = frameOf('SET', `key:${i}`, drawBytes(draw));
    database.find(frame, 1);
    const entry = setStringArgument(database, 0, frame, 1, 2, NO_DEADLINE, EVENT.set);
    const [high, low] = [draw(2 ** 32), draw(2 ** 32)];
    batch.add(database, entry, high, low);
    told.push(`key:${i} ${frame.latin1(2)} ${high} ${low}`);
  }
  batch.writeTo(writer);
  writer.end();
  return told;
}

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
