import { AddressBuffer } from '../keyspace/address-buffer.ts';
import { FilterBuilder } from './filter-builder.ts';
import { type FilterShape, shapeFor } from './filter-layout.ts';

/** What the filters of one store's databases share: the rate, the secrets, and room to work in. */
export class FilterPlan {
  /** False positives that were asked for, of all look-ups of absent keys. */
  readonly rate: number;
  readonly shape: FilterShape;
  /** Of the keyspace's hash, which says the table, and of the second one. */
  readonly seed0: number;
  readonly seed1: number;
  readonly seed2: number;
  readonly seed3: number;
  /** Hashes of the items that a table is being built of. */
  hashes = new Uint32Array(GATHERED_COUNT_MIN);
  secondHashes = new Uint32Array(GATHERED_COUNT_MIN);
  readonly scanned = new AddressBuffer(SCANNED_COUNT);

  readonly builder: FilterBuilder;
  readonly #fingerprintScale: number;

  /** @param seeds  four random u32; the first two are the keyspace's */
  constructor(rate: number, seeds: Uint32Array) {
    this.rate = rate;
    this.shape = shapeFor(rate);
    this.seed0 = seeds[0];
    this.seed1 = seeds[1];
    this.seed2 = seeds[2];
    this.seed3 = seeds[3];
    this.#fingerprintScale = this.shape.fingerprintCount / 0x1_0000_0000;
    this.builder = new FilterBuilder(this);
  }

  /** 1 to fingerprintCount, by the first bits of the hash. */
  fingerprintOf(second: number): number {
    return 1 + Math.floor((second >>> 0) * this.#fingerprintScale);
  }

  /** Room for one more item than `count`. */
  growTo(count: number): void {
    if (count < this.hashes.length) return;
    const { hashes, secondHashes } = this;
    this.hashes = new Uint32Array(hashes.length * 2);
    this.hashes.set(hashes);
    this.secondHashes = new Uint32Array(hashes.length * 2);
    this.secondHashes.set(secondHashes);
  }
}

const GATHERED_COUNT_MIN = 256;
/** Entries whose keys are read together. */
export const SCANNED_COUNT = 64;
