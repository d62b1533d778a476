/** What each node holds, key by key, as its own clients read it. */
import { plainReply, type Reply } from '../../src/testing/reply-decoder.ts';
import type { Action, KeyKind } from './history.ts';
import type { SimulatedCluster, SimulatedNode } from './simulated-cluster.ts';
import { replyText, wordsOf } from './workload.ts';

export interface KeyImage {
  /** As the model tells it. */
  readonly value: string;
  /** '' of a key that is never given one. */
  readonly deadline: string;
  /** Digest of the node's own copy, also while its reads go elsewhere. */
  readonly copy: string;
}

export type NodeImage = ReadonlyMap<string, KeyImage>;

/** What is told of a key that a node does not have. */
const NO_COPY = '0'.repeat(40);

export interface ImageKey {
  readonly key: string;
  readonly kind: KeyKind;
}

export async function readImage(
  cluster: SimulatedCluster,
  node: SimulatedNode,
  keys: readonly ImageKey[],
): Promise<NodeImage> {
  const client = cluster.connect(node);
  const image = new Map<string, { value: string; deadline: string; copy: string }>();
  let waitingCount = 0;
  const ask = (words: string[], take: (reply: Reply | null) => void): void => {
    waitingCount++;
    client.call(words, (reply) => {
      waitingCount--;
      take(reply);
    });
  };
  for (const { key, kind } of keys) {
    const action: Action = { key, kind, verb: 'READ', first: '', second: '' };
    const place = { value: '', deadline: '', copy: '' };
    image.set(key, place);
    ask(wordsOf(action), (reply) => {
      place.value = reply === null ? 'no answer' : replyText(action, reply);
    });
    if (kind !== 'volatile') continue;
    ask(['PEXPIRETIME', key], (reply) => {
      place.deadline = textOf(reply);
    });
  }
  ask(['DEBUG', 'DIGEST-VALUE', ...image.keys()], (reply) => {
    const digests = reply === null ? [] : plainReply(reply);
    for (const [i, place] of [...image.values()].entries()) {
      place.copy = Array.isArray(digests) ? String(digests[i]) : 'no answer';
    }
  });
  await cluster.fabric.until('a node to tell what it holds', () => {
    return waitingCount === 0 || !client.isOpen;
  });
  client.close();
  return image;
}

function textOf(reply: Reply | null): string {
  return reply === null ? 'no answer' : String(plainReply(reply));
}

/**
 * @param holdersOf  ids of the nodes that are to have a copy of a key
 * @returns          one line for each key that is not the same on all nodes
 */
export function compareNodes(
  images: ReadonlyMap<string, NodeImage>,
  holdersOf: (key: string) => readonly string[],
): string[] {
  const [first, ...others] = [...images];
  if (first === undefined) return [];
  const [firstId, wanted] = first;
  const lines: string[] = [];
  for (const [key, { value, deadline }] of wanted) {
    for (const [id, image] of others) {
      const found = image.get(key);
      if (found?.value === value && found.deadline === deadline) continue;
      lines.push(
        `${key} is ${value} (deadline ${deadline}) on ${firstId}, ` +
          `${found?.value} (deadline ${found?.deadline}) on ${id}`,
      );
    }
    lines.push(...compareCopies(key, images, holdersOf(key)));
  }
  return lines;
}

function compareCopies(
  key: string,
  images: ReadonlyMap<string, NodeImage>,
  holderIds: readonly string[],
): string[] {
  const lines: string[] = [];
  const copies = new Map([...images].map(([id, image]) => [id, image.get(key)?.copy ?? '']));
  const wanted = copies.get(holderIds[0]);
  for (const [id, copy] of copies) {
    if (copy === (holderIds.includes(id) ? wanted : NO_COPY)) continue;
    lines.push(`${id} has ${copy} of ${key}, its holders are ${holderIds}: ${wanted}`);
  }
  return lines;
}
