/**
 * What a node of HyperCache tells with its answer to a ping: for how long its main thread has stood
 * still. Agents put a network coordinate there, which begins with another byte; they get nothing.
 *
 *     0x81 | stall u16, in units of 10 ms
 */
const STALL = 0x81;
const UNIT_MS = 10;
const PAYLOAD_BYTES = 3;

export function encodeStall(stalledMs: number): Uint8Array {
  const units = Math.min(0xffff, Math.floor(stalledMs / UNIT_MS));
  return Uint8Array.of(STALL, units >>> 8, units & 255);
}

/** @returns 0 of members that do not tell */
export function parseStall(payload: Uint8Array): number {
  if (payload.length !== PAYLOAD_BYTES || payload[0] !== STALL) return 0;
  return (payload[1] * 256 + payload[2]) * UNIT_MS;
}
