/** Settings that decide what OBJECT ENCODING tells of a hash. */
export interface HashLimits {
  readonly hashMaxListpackEntries: number;
  readonly hashMaxListpackValueBytes: number;
}
