import { isCorrelationId } from '../base/log/correlation-id.ts';
import type { Random } from '../base/world.ts';

const ID_BYTES = 16;
/** Bytes are asked of the system for so many ids at once: each time costs 7 us. */
const POOL_IDS = 256;

/** Ids of requests: the client's own, or new ones. */
export class CorrelationIds {
  private readonly random: Random;
  private readonly pool = Buffer.alloc(POOL_IDS * ID_BYTES);
  private at = this.pool.length;

  constructor(random: Random) {
    this.random = random;
  }

  /** @param header  as the request brought it; taken when it is sane */
  of(header: string | string[] | undefined): string {
    return typeof header === 'string' && isCorrelationId(header) ? header : this.next();
  }

  /** A UUID of version 4. */
  next(): string {
    const { pool } = this;
    if (this.at === pool.length) {
      this.random.fill(pool);
      this.at = 0;
    }
    const start = this.at;
    this.at += ID_BYTES;
    pool[start + 6] = (pool[start + 6] & 0x0f) | 0x40;
    pool[start + 8] = (pool[start + 8] & 0x3f) | 0x80;
    const hex = pool.toString('hex', start, this.at);
    const [first, second, third] = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16)];
    return `${first}-${second}-${third}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }
}
