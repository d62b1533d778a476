/** Keys that one node asks another for, because a change of them did not fit what it has. */
import { LIMITS } from '../../../base/limits.ts';
import type { MessageReader } from '../../peers/message-reader.ts';
import { MESSAGE } from '../../peers/message-table.ts';
import type { Peer, PeerBus } from '../../peers/peer-bus.ts';
import { writeKeyState } from '../key-state.ts';
import { RecordBuffer } from '../record-buffer.ts';
import type { ReplicatedStore } from '../replicated-store.ts';

const OUT = new RecordBuffer();

/** Asks for what is new in the table. @returns nodes that cannot be asked */
export function sendFetches(bus: PeerBus, parts: ReplicatedStore): Set<string> {
  const failed = new Set<string>();
  for (const { databaseIndex, key, peerId } of parts.fetches.takeNew()) {
    const peer = bus.find(peerId);
    const writer = peer?.isUp === true ? bus.begin(peer, MESSAGE.fetch) : null;
    if (writer === null) failed.add(peerId);
    else writer.text(parts.store.name).u32(databaseIndex).bytes(key, 0, key.length).end();
  }
  return failed;
}

/** @param message  behind the store's name */
export function answerFetch(
  bus: PeerBus,
  peer: Peer,
  parts: ReplicatedStore,
  message: MessageReader,
): void {
  const { stamps, store } = parts;
  const database = store.databases[message.u32()];
  if (database === undefined) return;
  const { length, source, start } = message.bytes();
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const table = stamps.tableOf(database.index);
  const slot = table.slotOf(source, start, length);
  const key = { bytes: source, view, offset: start, length };
  OUT.reset();
  table.find(slot, table.tagOf(view, start, length, slot));
  writeKeyState(OUT, database, key, table);
  // Nobody answers for a key that no message holds: the asker compares all of the store instead.
  const writer = OUT.end > LIMITS.carriedBytesMax ? null : bus.begin(peer, MESSAGE.state);
  if (OUT.mayLend(OUT.end)) writer?.text(store.name).lend(OUT.bytes, 0, OUT.end).end();
  else writer?.text(store.name).bytes(OUT.bytes, 0, OUT.end).end();
  if (OUT.end > LIMITS.repairMessageBytes) OUT.reset();
}
