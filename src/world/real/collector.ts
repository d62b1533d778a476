import v8 from 'node:v8';

/**
 * The collector marks on the main thread, in steps. Data lies off the heap, so the heap is small
 * and quickly marked; but every segment taken from the system begins a collection, and to wait for
 * marking threads that share the cores with clients made each pause 3 ms instead of 1, and cost a
 * tenth of the processor while data was loaded. Only for a process of our own: the flag is the
 * whole process'. To switch off the parallel phases as well, which the command line can, ends a
 * process that runs already.
 */
export function markOnMainThread(): void {
  v8.setFlagsFromString('--no-concurrent-marking');
}
