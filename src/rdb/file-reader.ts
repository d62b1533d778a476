import type { EncodingConfiguration } from '../base/configuration.ts';
import type { Store } from '../engine/store.ts';
import type { RdbSource } from './rdb-reader.ts';

/** Where a file is loaded into. */
export interface RdbSink {
  /** Its databases are filled without effects, events or counted changes. */
  readonly store: Store;
  /** Thresholds that decide what OBJECT ENCODING tells. */
  readonly limits: EncodingConfiguration;
  /** Keys whose deadline is not later are left out. */
  readonly nowMs: number;
  /** Skip what modules put beside the keys, where redis-server would refuse the file. */
  readonly skipsModules?: boolean;
  /** Source of a function library; its bytes are the sink's to keep. */
  onFunction(code: Uint8Array): void;
  /** A field of the file's, not of a key's. */
  onAux(name: string, value: string): void;
}

export class RdbFileReader {
  keyCount = 0;

  constructor(_source: RdbSource, _sink: RdbSink) {}

  /** Bytes read so far; after the end: where what is behind the RDB begins. */
  get offset(): number {
    return 0;
  }

  /** @returns whether the file is read to its end, and whole. Throws RdbError */
  step(_isLate: () => boolean): boolean {
    throw new Error('not built yet');
  }
}
