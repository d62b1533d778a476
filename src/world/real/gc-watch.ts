import type { GcWatch } from '../../base/world.ts';

/**
 * Adds up the entries that V8 makes of each collection. They come a loop turn later, so a figure
 * may lack the collection of this very moment. Until one watches, V8 makes none.
 */
export function watchGc(): GcWatch {
  const watch = { seconds: 0, count: 0, cancel: () => observer.disconnect() };
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      watch.seconds += duration / 1000;
      watch.count++;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return watch;
}
