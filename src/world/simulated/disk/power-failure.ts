/**
 * What is found after the power failed. Everything synced is there. Of the rest the seed chooses:
 * either a beginning of it all in the order in which it was done, the last change torn, or each
 * change for itself, whole, torn at a byte, torn at its sectors, as a longer file without its data
 * (zeros), or not at all; names and contents each with a likelihood of their own. Real disks and
 * file systems are kinder than the second kind; what survives it leans on nothing but syncs.
 */
import { SeededRandom } from '../seeded-random.ts';
import {
  applyChange,
  type ContentChange,
  DirectoryNode,
  type DiskNode,
  DiskTree,
  FileNode,
  type NameChange,
} from './disk-tree.ts';
import type { GrowingBytes } from './growing-bytes.ts';

const SECTOR_BYTES = 512;
const LIKELIHOODS = [0, 0.1, 0.5, 0.9, 1];

interface Survival {
  keepsName(change: NameChange): boolean;
  /** Does to the content what survives of the change. */
  land(change: ContentChange, content: GrowingBytes): void;
}

export function failPower(tree: DiskTree, seed: number): DiskTree {
  const random = new SeededRandom(seed);
  const changes = listChanges(tree);
  if (random.below(3) === 0) {
    return survive(tree, inOrder(changes, random.below(weightOf(changes) + 1)));
  }
  return survive(tree, oneByOne(random));
}

/**
 * As if everything came to the disk in the order in which it was done, as long as it lasts.
 * @param weight  how much of it: a byte counts 1, and so does a change of names or of a length
 */
export function failPowerAfter(tree: DiskTree, weight: number): DiskTree {
  return survive(tree, inOrder(listChanges(tree), weight));
}

/** Of all that is not on the disk yet. */
export function unsyncedWeight(tree: DiskTree): number {
  return weightOf(listChanges(tree));
}

/** Everything as a program sees it, and all of it durable. */
export function copyTree(tree: DiskTree): DiskTree {
  return copyNodes(tree.root, 'entries', (file) => file.content.copy());
}

type Change = NameChange | ContentChange;

function listChanges(tree: DiskTree): Change[] {
  const files = new Set<FileNode>();
  const directories = new Set<DirectoryNode>([tree.root]);
  const visit = (node: DiskNode | null): void => {
    if (node instanceof FileNode) files.add(node);
    else if (node !== null) directories.add(node);
  };
  for (const { steps } of tree.pendingNames) for (const { node } of steps) visit(node);
  for (const directory of directories) {
    for (const node of directory.entries.values()) visit(node);
    for (const node of directory.durableEntries.values()) visit(node);
  }
  const changes: Change[] = [...tree.pendingNames];
  for (const file of files) changes.push(...file.pending);
  return changes.sort((a, b) => a.order - b.order);
}

function weightOf(changes: readonly Change[]): number {
  return changes.reduce((sum, change) => sum + weightOfOne(change), 0);
}

function weightOfOne(change: Change): number {
  return 'bytes' in change && change.bytes !== null ? change.bytes.length : 1;
}

function inOrder(changes: readonly Change[], weight: number): Survival {
  let left = weight;
  const kept = new Map<number, number>();
  for (const change of changes) {
    const share = Math.min(left, weightOfOne(change));
    kept.set(change.order, share);
    left -= share;
  }
  const shareOf = (change: Change): number => kept.get(change.order) ?? 0;
  return {
    keepsName: (change) => shareOf(change) > 0,
    land: (change, content) => {
      const share = shareOf(change);
      if (share === 0) return;
      const bytes = change.bytes === null ? null : change.bytes.subarray(0, share);
      applyChange(content, { ...change, bytes });
    },
  };
}

function oneByOne(random: SeededRandom): Survival {
  const nameLikelihood = LIKELIHOODS[random.below(LIKELIHOODS.length)];
  const contentLikelihood = LIKELIHOODS[random.below(LIKELIHOODS.length)];
  const happens = (likelihood: number): boolean => random.below(1000) < likelihood * 1000;
  return {
    keepsName: () => happens(nameLikelihood),
    land: (change, content) => {
      const { bytes, offset } = change;
      if (happens(contentLikelihood)) applyChange(content, change);
      else if (bytes !== null) tear(content, offset, bytes, random);
    },
  };
}

function tear(
  content: GrowingBytes,
  offset: number,
  bytes: Uint8Array,
  random: SeededRandom,
): void {
  switch (random.below(4)) {
    case 0:
      return;
    case 1:
      content.writeAt(offset, bytes.subarray(0, random.below(bytes.length + 1)));
      return;
    case 2:
      content.resize(Math.max(content.length, offset + bytes.length));
      return;
    default:
      for (let at = offset; at < offset + bytes.length; ) {
        const sectorEnd = (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES;
        const end = Math.min(sectorEnd, offset + bytes.length);
        const isKept = random.below(2) === 0;
        if (isKept) content.writeAt(at, bytes.subarray(at - offset, end - offset));
        at = end;
      }
  }
}

function survive(tree: DiskTree, survival: Survival): DiskTree {
  const keptNames: NameChange[] = [];
  for (const change of tree.pendingNames) {
    const { after } = change;
    const canBe = after === null || keptNames.includes(after) || !tree.pendingNames.includes(after);
    if (canBe && survival.keepsName(change)) keptNames.push(change);
  }
  const namesOfDirectory = (directory: DirectoryNode): ReadonlyMap<string, DiskNode> => {
    const names = new Map(directory.durableEntries);
    for (const { steps } of keptNames) {
      for (const step of steps) {
        if (step.directory !== directory) continue;
        if (step.node === null) names.delete(step.name);
        else names.set(step.name, step.node);
      }
    }
    return names;
  };
  return copyNodes(tree.root, namesOfDirectory, (file) => {
    const content = file.durableContent.copy();
    for (const change of file.pending) survival.land(change, content);
    return content;
  });
}

/** A tree of new nodes; two names of one file lead to one file. */
function copyNodes(
  root: DirectoryNode,
  names: 'entries' | ((directory: DirectoryNode) => ReadonlyMap<string, DiskNode>),
  contentOf: (file: FileNode) => GrowingBytes,
): DiskTree {
  const copy = new DiskTree();
  const copies = new Map<DiskNode, DiskNode>([[root, copy.root]]);
  const waiting: [DirectoryNode, DirectoryNode][] = [[root, copy.root]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [source, target] = next;
    const found = names === 'entries' ? source.entries : names(source);
    for (const [name, node] of found) {
      let made = copies.get(node);
      if (made === undefined) {
        if (node instanceof FileNode) made = new FileNode(contentOf(node));
        else waiting.push([node, (made = new DirectoryNode())]);
        copies.set(node, made);
      }
      target.entries.set(name, made);
      target.durableEntries.set(name, made);
    }
  }
  return copy;
}
