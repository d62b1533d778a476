/** What each node holds, key by key, as its own clients read it. */
import { plainReply, type Reply } from '../../src/testing/reply-decoder.ts';
import type { Action, KeyKind } from './history.ts';
import type { SimulatedCluster, SimulatedNode } from './simulated-cluster.ts';
import { replyText, wordsOf } from './workload.ts';

/** Key -> value as the model tells it, with its deadline. */
export type NodeImage = ReadonlyMap<string, { readonly value: string; readonly deadline: string }>;

const OWN_COPY = 'the digest of all keys';

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
  const image = new Map<string, { value: string; deadline: string }>();
  let answeredCount = 0;
  for (const { key, kind } of keys) {
    const action: Action = { key, kind, verb: 'READ', first: '', second: '' };
    const place = { value: '', deadline: '' };
    image.set(key, place);
    client.call(wordsOf(action), (reply) => {
      answeredCount++;
      place.value = reply === null ? 'no answer' : replyText(action, reply);
    });
    client.call(['PEXPIRETIME', key], (reply) => {
      answeredCount++;
      place.deadline = textOf(reply);
    });
  }
  // Of its own copy, also while reads go to the owner because the copy is known to be behind.
  const own = { value: '', deadline: '' };
  image.set(OWN_COPY, own);
  client.call(['DEBUG', 'DIGEST'], (reply) => {
    answeredCount++;
    own.value = textOf(reply);
  });
  await cluster.fabric.until('a node to tell what it holds', () => {
    return answeredCount === keys.length * 2 + 1 || !client.isOpen;
  });
  client.close();
  return image;
}

function textOf(reply: Reply | null): string {
  return reply === null ? 'no answer' : String(plainReply(reply));
}

/** @returns one line for each key that is not the same on all nodes */
export function compareNodes(images: ReadonlyMap<string, NodeImage>): string[] {
  const [first, ...others] = [...images];
  if (first === undefined) return [];
  const [firstId, wanted] = first;
  const lines: string[] = [];
  for (const [id, image] of others) {
    for (const [key, { value, deadline }] of wanted) {
      const found = image.get(key);
      if (found?.value === value && found.deadline === deadline) continue;
      lines.push(
        `${key} is ${value} (deadline ${deadline}) on ${firstId}, ` +
          `${found?.value} (deadline ${found?.deadline}) on ${id}`,
      );
    }
  }
  return lines;
}
