import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  CreateStoreOptions,
  EmbeddedStore,
  Key,
  MessageListener,
  NodeErrorCode,
  ReplyValue,
  ScanOptions,
  SetOptions,
  StartOptions,
  Subscription,
  Value,
} from '../../src/index.ts';
import { HyperCache } from '../../src/index.ts';

/**
 * What the compiler must accept and refuse of the library's types. The compiler is the test: a
 * `@ts-expect-error` without an error is one.
 */

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_Claim extends true>(): void => {};

function useTypes(node: HyperCache, store: EmbeddedStore): void {
  holds<Same<ReturnType<EmbeddedStore['get']>, string | null>>();
  holds<Same<ReturnType<EmbeddedStore['getBuffer']>, Buffer | null>>();
  holds<Same<ReturnType<EmbeddedStore['mget']>, (string | null)[]>>();
  holds<Same<ReturnType<typeof HyperCache.start>, Promise<HyperCache>>>();
  holds<Same<ReturnType<HyperCache['command']>, ReplyValue>>();
  holds<Same<Key, string | Uint8Array>>();
  holds<Same<Value, string | Uint8Array | number | bigint>>();
  const options: SetOptions = { ttlMs: 1, nx: true };
  const scan: ScanOptions = { match: '*', count: 1 };
  const start: StartOptions = { port: 0, maxMemory: '1mb', settings: { 'node.hz': 10 } };
  const code: NodeErrorCode = 'PORT_REFUSED';
  const text: MessageListener = (message, channel) => void (message + channel);
  const subscriptions: Subscription[] = [
    node.subscribe('a', text),
    node.subscribe('a', (message) => void message.toUpperCase()),
    node.subscribe('a', (message) => void message.readUInt8(0), { isBinary: true }),
  ];
  for (const key of store.scan(scan)) key.toUpperCase();
  store.set('k', 1n, options);
  const made: EmbeddedStore = node.createStore('a', { maxMemory: '1mb', persistence: 'none' });
  made.set('k', node.storeNames()[0] ?? '');
  holds<Same<ReturnType<HyperCache['dropStore']>, void>>();
  const wish: CreateStoreOptions = { defaultTtlMs: 1 };
  node.createStore('b', wish);
  // @ts-expect-error: no such option
  node.createStore('b', { max_memory: 1 });
  // @ts-expect-error: a value is text, bytes or a number
  store.set('k', { an: 'object' });
  // @ts-expect-error: a time to live is a number
  store.set('k', 'v', { ttlMs: '1s' });
  // @ts-expect-error: no such option
  store.set('k', 'v', { ttl: 1 });
  // @ts-expect-error: what is not there is null
  store.get('k').length;
  // @ts-expect-error: a command has a name
  node.command();
  // @ts-expect-error: no such option
  const wrong: StartOptions = { ports: 1 };
  // @ts-expect-error: a text listener hears no buffers
  node.subscribe('a', text, { isBinary: true });
  // @ts-expect-error: nobody makes one but start
  new HyperCache();
  void [start, code, subscriptions, wrong];
}

test('the types say what the library does', () => {
  assert.equal(typeof useTypes, 'function');
});
