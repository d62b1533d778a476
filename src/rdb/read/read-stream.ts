/**
 * A stream: its nodes, what it remembers of its entries, and its groups. Read in all three forms;
 * what the older ones lack is made up as redis-server 7.0 does when it loads them.
 */
import { ENCODING, TYPE } from '../../engine/keyspace/entry.ts';
import { FORMAT } from '../../engine/tree/page-layout.ts';
import { RECORD_BYTES, STREAM_OFFSET } from '../../engine/values/stream/stream-record.ts';
import { recordHeadBytes, setRecordTree } from '../../engine/values/tree-record.ts';
import { LoadedNodes } from './loaded-nodes.ts';
import type { ReadContext } from './read-context.ts';
import { groupsBytes, type LoadedGroup, readGroups, writeGroups } from './read-groups.ts';
import { readFacts } from './stream-facts.ts';

const STREAM_KIND = TYPE.STREAM | (ENCODING.STREAM << 4);

/** Reads a stream in any form, with a yield every node or few hundred pending entries. */
export function* readStream(context: ReadContext, type: number): Generator<void, void> {
  const { reader, value } = context;
  const tree = value.createTree(FORMAT.BLOCK);
  const nodes = new LoadedNodes(context, tree);
  for (let left = reader.readCount(2); left > 0; left--) {
    nodes.read();
    yield;
  }
  const facts = readFacts(reader, type, nodes);
  if (facts.length !== nodes.liveCount) context.fail('stream of another length than it tells');
  if (nodes.liveCount > 0 && nodes.lastLiveId.compare(facts.lastId) > 0) {
    context.fail('stream with an entry above its last id');
  }
  const groups: LoadedGroup[] = [];
  yield* readGroups(context, { type, facts, groups });
  const view = value.beginRecord(
    STREAM_KIND,
    1 + groups.length,
    RECORD_BYTES + groupsBytes(groups),
  );
  setRecordTree(view, 0, 0, tree);
  const at = recordHeadBytes(1 + groups.length);
  facts.lastId.write(view, at + STREAM_OFFSET.LAST_ID);
  facts.maxDeletedId.write(view, at + STREAM_OFFSET.MAX_DELETED_ID);
  facts.firstId.write(view, at + STREAM_OFFSET.FIRST_ID);
  view.setBigUint64(at + STREAM_OFFSET.ENTRIES_ADDED, facts.entriesAdded, true);
  view.setUint32(at + STREAM_OFFSET.LENGTH, facts.length, true);
  writeGroups(value.content.bytes, view, at + RECORD_BYTES, groups);
}
