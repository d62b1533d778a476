/**
 * What Redis' radix tree of the same nodes would count, for XINFO STREAM: a tree of the 16 bytes of
 * each node's first id, in which a run of bytes without a branch is one node.
 */
import type { Database } from '../../database.ts';
import { NODE } from './stream-node.ts';
import type { StreamRecord } from './stream-record.ts';

/** Beyond so many keys the rest is estimated from them: the command takes a bounded time. */
const KEY_COUNT_MAX = 10_000;
const KEY_BYTES = 16;

/** Keys of that tree, and its nodes: exact up to KEY_COUNT_MAX keys. */
export function radixNodeCount(
  database: Database,
  record: StreamRecord,
): { keyCount: number; nodeCount: number } {
  const keyCount = database.trees.count(record.nodes);
  if (keyCount === 0) return { keyCount, nodeCount: 1 };
  const { cursor } = database.trees;
  const previous = new Uint32Array(4);
  // Depths of the branches that the last key lies under, the deepest last; -1 stands for the root.
  const branches = [-1];
  let nodeCount = 0;
  let seenCount = 0;
  for (let isThere = cursor.seekFirst(record.nodes); isThere; isThere = cursor.next()) {
    const at = cursor.payloadOffset + NODE.FIRST_ID;
    if (seenCount > 0) {
      const common = commonBytes(previous, cursor.view, at);
      nodeCount += leafNodes(Math.max(common, branches[branches.length - 1]));
      nodeCount += closeBranches(branches, common);
    }
    for (let i = 0; i < 4; i++) previous[i] = cursor.view.getUint32(at + 4 * i, true);
    if (++seenCount === KEY_COUNT_MAX) break;
  }
  nodeCount += leafNodes(branches[branches.length - 1]);
  nodeCount += closeBranches(branches, -1);
  if (seenCount < keyCount) nodeCount = Math.round((nodeCount / seenCount) * keyCount);
  return { keyCount, nodeCount };
}

/** A key's end, and the run that leads to it from the branch above. */
function leafNodes(branchDepth: number): number {
  return KEY_BYTES > branchDepth + 1 ? 2 : 1;
}

/** The next key parts from the last at `depth`: deeper branches are complete. @returns nodes */
function closeBranches(branches: number[], depth: number): number {
  let nodeCount = 0;
  while (branches[branches.length - 1] > depth) {
    const closed = branches.pop() as number;
    const above = Math.max(branches[branches.length - 1], depth);
    nodeCount += closed > above + 1 ? 2 : 1;
  }
  if (branches[branches.length - 1] < depth) branches.push(depth);
  return nodeCount;
}

function commonBytes(left: Uint32Array, view: DataView, at: number): number {
  for (let i = 0; i < 4; i++) {
    const difference = (left[i] ^ view.getUint32(at + 4 * i, true)) >>> 0;
    if (difference !== 0) return i * 4 + (Math.clz32(difference) >>> 3);
  }
  return KEY_BYTES;
}
