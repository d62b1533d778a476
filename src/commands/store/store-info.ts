import type { StoreOptionValue } from '../../base/configuration-sections.ts';
import type { Store } from '../../engine/store.ts';
import { measureStore } from '../../engine/store-statistics.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { NodeServices } from '../node-services.ts';

/** A map of the store's name, its configuration and its statistics, each a map in turn. */
export function replyStore(reply: ReplyWriter, node: NodeServices, store: Store): void {
  const options = node.settings.describeStore(store.configuration);
  reply.map(3);
  reply.bulkText('name');
  reply.bulkText(store.name);
  reply.bulkText('config');
  reply.map(options.length);
  for (const [name, value] of options) {
    reply.bulkText(name);
    replyValue(reply, value);
  }
  replyStatistics(reply, store);
}

function replyStatistics(reply: ReplyWriter, store: Store): void {
  const facts = measureStore(store);
  const integers: readonly (readonly [string, number])[] = [
    ['keys', facts.keyCount],
    ['expires', facts.deadlineCount],
    ['memory', facts.memoryBytes],
    ['memory_limit', facts.memoryBytesMax],
    ['hits', facts.hits],
    ['misses', facts.misses],
    ['evictions', facts.evictions],
    ['expired', facts.expired],
    ['writes', facts.writes],
  ];
  reply.bulkText('stats');
  reply.map(integers.length + 1);
  for (const [name, value] of integers) {
    reply.bulkText(name);
    reply.integer(value);
  }
  reply.bulkText('hit_rate');
  reply.doubleText(String(facts.hitRate));
}

function replyValue(reply: ReplyWriter, value: StoreOptionValue): void {
  if (value === null) reply.null();
  else if (typeof value === 'boolean') reply.boolean(value);
  else if (typeof value === 'number') reply.integer(value);
  else reply.bulkText(value);
}
