/** The public library entry. */
export { NodeError, type NodeErrorCode } from './base/errors.ts';
export { type LogFacts, type Logger, SILENT_LOGGER } from './base/logger.ts';
export type { World } from './base/world.ts';
export type { AsyncStore } from './embedded/async-store.ts';
export type {
  EmbeddedStore,
  Key,
  ScanOptions,
  SetOptions,
  Value,
} from './embedded/embedded-store.ts';
export { type CreateStoreOptions, HyperCache, type StartOptions } from './embedded/hyper-cache.ts';
export type { MessageListener, SubscribeOptions, Subscription } from './embedded/subscription.ts';
export { ReplyError, type ReplyValue } from './protocol/reply-values.ts';
