import { performance } from 'node:perf_hooks';
import { WireClient } from '../../tests/support/wire-client.ts';

export interface Lag {
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
}

const CHANNEL = '__keyspace@0__:lag';

/**
 * From the sending of a SET at one server to the keyspace event that another one, which copies it,
 * publishes for it; the way to this process and back is part of it. Half as many come before those
 * that are measured, for code that is not compiled yet is no lag.
 */
export async function measureLag(from: number, to: number, sampleCount: number): Promise<Lag> {
  const listener = await WireClient.connect(to);
  const writer = await WireClient.connect(from);
  await listener.call('CONFIG', 'SET', 'notify-keyspace-events', 'K$');
  await listener.call('SUBSCRIBE', CHANNEL);
  const lags: number[] = [];
  const warmCount = Math.ceil(sampleCount / 2);
  for (let i = 0; i < warmCount + sampleCount; i++) {
    const sentMs = performance.now();
    const heard = listener.take(1);
    await writer.call('SET', 'lag', `${i}`);
    await heard;
    if (i >= warmCount) lags.push(performance.now() - sentMs);
  }
  listener.end();
  writer.end();
  lags.sort((a, b) => a - b);
  const at = (share: number) => lags[Math.min(lags.length - 1, Math.floor(lags.length * share))]!;
  return { p50: at(0.5), p99: at(0.99), longest: at(1) };
}
