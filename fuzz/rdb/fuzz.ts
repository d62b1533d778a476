/**
 * Breaks payloads of RESTORE and makes their checksum right again. Whatever comes in must be
 * refused whole, or load as a value that all commands of its type agree on; nothing may be thrown,
 * take long, or stay behind.
 */
import assert from 'node:assert/strict';
import type { CommandKit } from '../../src/testing/command-kit.ts';
import { checkHoldings } from '../../src/testing/holdings-check.ts';
import { bodyOf, sealed } from '../../src/testing/rdb-bytes.ts';
import type { Draw } from '../../src/testing/seeded.ts';
import type { SeedPayload } from './corpus.ts';
import { exerciseKey } from './exercise.ts';

export interface RdbFuzzResult {
  tried: number;
  refused: number;
  loaded: number;
  slowestMs: number;
  slowest: string;
  readonly findings: string[];
}

/** What two seeds are one fault of is told once or twice, not ten thousand times. */
const FINDINGS_MAX = 20;
/** Bytes that mean something somewhere in the format. */
const TELLING_BYTES = [0, 1, 2, 63, 64, 127, 128, 129, 192, 195, 241, 244, 250, 254, 255];

export class RdbFuzz {
  readonly result: RdbFuzzResult = {
    tried: 0,
    refused: 0,
    loaded: 0,
    slowestMs: 0,
    slowest: '',
    findings: [],
  };
  private readonly kit: CommandKit;

  constructor(kit: CommandKit) {
    this.kit = kit;
    kit.node.services.configuration.security.enableDebugCommand = 'yes';
  }

  /** Every byte of the payload gets each of the values, and the payload is cut at every byte. */
  tryEveryByte(
    { name, payload }: SeedPayload,
    valuesOf: (byte: number) => readonly number[],
  ): void {
    const body = bodyOf(payload);
    this.try(`${name}, whole`, body);
    for (let at = 0; at < body.length; at++) {
      this.try(`${name}, cut at ${at}`, body.subarray(0, at));
      for (const value of valuesOf(body[at])) {
        if (value === body[at]) continue;
        const changed = Buffer.from(body);
        changed[at] = value;
        this.try(`${name}, byte ${at} is ${value}`, changed);
      }
    }
  }

  /** Several changes at once, as the draw says. */
  tryRandom({ name, payload }: SeedPayload, others: readonly SeedPayload[], draw: Draw): void {
    let body = bodyOf(payload);
    for (let left = 1 + draw(4); left > 0; left--) body = change(body, others, draw);
    this.try(`${name}, ${body.toString('base64')}`, body);
  }

  private try(name: string, body: Uint8Array): void {
    const { kit, result } = this;
    if (result.findings.length >= FINDINGS_MAX) return;
    result.tried++;
    const beganMs = performance.now();
    try {
      const reply = kit.run('RESTORE', 'k', 0, sealed(body), 'REPLACE');
      if (reply.kind === 'error') {
        assert.equal(reply.text, 'ERR Bad data format');
        result.refused++;
        assert.equal(kit.ask('DBSIZE'), 0, 'a refused payload left a key');
      } else {
        result.loaded++;
        this.check();
        exerciseKey(kit);
        this.check();
        kit.run('DEL', 'k');
      }
      this.check();
    } catch (error) {
      result.findings.push(`${name}: ${(error as Error).stack ?? error}`);
      kit.run('DEL', 'k');
    }
    const tookMs = performance.now() - beganMs;
    if (tookMs <= result.slowestMs) return;
    result.slowestMs = tookMs;
    result.slowest = name;
  }

  private check(): void {
    checkHoldings(this.kit.node.services.stores.default.databases[0]);
    this.kit.effects.length = 0;
  }
}

/** Values that are near a byte, far from it, and those that mean something. */
export function fewValues(byte: number): number[] {
  return [byte ^ 1, byte ^ 0x80, (byte + 1) & 255, (byte - 1) & 255, ...TELLING_BYTES];
}

export function allValues(): number[] {
  return Array.from({ length: 256 }, (_, value) => value);
}

function change(body: Buffer, others: readonly SeedPayload[], draw: Draw): Buffer {
  const at = draw(body.length + 1);
  switch (draw(6)) {
    case 0: {
      const changed = Buffer.from(body);
      if (at < changed.length) changed[at] = draw(256);
      return changed;
    }
    case 1:
      return body.subarray(0, at);
    case 2:
      return Buffer.concat([
        body.subarray(0, at),
        body.subarray(Math.min(at + 1 + draw(8), body.length)),
      ]);
    case 3:
      return Buffer.concat([body.subarray(0, at), Buffer.from([draw(256)]), body.subarray(at)]);
    case 4: {
      const to = at + draw(64);
      return Buffer.concat([body.subarray(0, to), body.subarray(at)]);
    }
    default: {
      const other = bodyOf(others[draw(others.length)].payload);
      const from = draw(other.length);
      const piece = other.subarray(from, from + draw(32));
      return Buffer.concat([body.subarray(0, at), piece, body.subarray(at + piece.length)]);
    }
  }
}
