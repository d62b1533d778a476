/** Hashes with deadlines of fields as plain Maps: what the commands should answer. */

interface ModelField {
  value: string;
  /** 0: none. */
  deadlineMs: number;
}

type ModelHash = Map<string, ModelField>;

export type FieldCondition = '' | 'NX' | 'XX' | 'GT' | 'LT';

export class HashModel {
  nowMs = 0;
  readonly hashes = new Map<string, ModelHash>();

  /** The live fields; none where there is no such hash. */
  live(key: string): ModelHash {
    const hash = this.hashes.get(key) ?? new Map<string, ModelField>();
    for (const [field, { deadlineMs }] of hash) {
      if (deadlineMs !== 0 && deadlineMs <= this.nowMs) hash.delete(field);
    }
    if (hash.size === 0) this.hashes.delete(key);
    return hash;
  }

  set(key: string, pairs: readonly [string, string][], deadlineMs: number | 'keep'): number {
    const hash = this.live(key);
    let added = 0;
    for (const [field, value] of pairs) {
      const old = hash.get(field);
      if (old === undefined) added++;
      const kept = deadlineMs === 'keep' ? (old?.deadlineMs ?? 0) : deadlineMs;
      hash.set(field, { value, deadlineMs: kept });
    }
    this.hashes.set(key, hash);
    this.live(key);
    return added;
  }

  remove(key: string, fields: readonly string[]): number {
    const hash = this.live(key);
    let removed = 0;
    for (const field of fields) if (hash.delete(field)) removed++;
    this.live(key);
    return removed;
  }

  get(key: string, field: string): string | null {
    return this.live(key).get(field)?.value ?? null;
  }

  expire(
    key: string,
    fields: readonly string[],
    deadlineMs: number,
    condition: FieldCondition,
  ): number[] {
    const hash = this.live(key);
    return fields.map((field) => {
      const found = hash.get(field);
      if (found === undefined) return -2;
      if (!isAllowed(condition, deadlineMs, found.deadlineMs)) return 0;
      found.deadlineMs = deadlineMs;
      if (deadlineMs > this.nowMs) return 1;
      hash.delete(field);
      return 2;
    });
  }

  deadlines(key: string, fields: readonly string[]): number[] {
    const hash = this.live(key);
    return fields.map((field) => {
      const found = hash.get(field);
      if (found === undefined) return -2;
      return found.deadlineMs === 0 ? -1 : found.deadlineMs;
    });
  }

  persist(key: string, fields: readonly string[]): number[] {
    const hash = this.live(key);
    return fields.map((field) => {
      const found = hash.get(field);
      if (found === undefined) return -2;
      if (found.deadlineMs === 0) return -1;
      found.deadlineMs = 0;
      return 1;
    });
  }

  copy(from: string, to: string): void {
    const hash = new Map<string, ModelField>();
    for (const [field, found] of this.live(from)) hash.set(field, { ...found });
    this.hashes.set(to, hash);
  }
}

function isAllowed(condition: FieldCondition, deadlineMs: number, currentMs: number): boolean {
  const current = currentMs === 0 ? Number.POSITIVE_INFINITY : currentMs;
  if (condition === 'NX') return currentMs === 0;
  if (condition === 'XX') return currentMs !== 0;
  if (condition === 'GT') return currentMs !== 0 && deadlineMs > current;
  return condition !== 'LT' || deadlineMs < current;
}
