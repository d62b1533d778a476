/**
 * Counts what happened, not when: what was caused by an event has a higher time than the event.
 * Serf has three, of members, of events and of queries.
 * @source Lamport 1978: Time, Clocks, and the Ordering of Events
 */
export class LamportClock {
  time = 1;

  /** @returns a time that nobody has seen before */
  next(): number {
    return this.time++;
  }

  /** What another one has seen: this clock is beyond it from now on. */
  witness(seen: number): void {
    if (seen >= this.time && seen < WITNESSED_MAX) this.time = seen + 1;
  }
}

/** A time that only malice reaches: from there a clock could not go on in a Number. */
const WITNESSED_MAX = 2 ** 52;
