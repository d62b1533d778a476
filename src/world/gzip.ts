import { NodeError } from '../base/errors.ts';
import type { Compression } from '../base/world.ts';

/** By the threads of the machine; what comes out does not depend on them. */
export const gzipCompression: Compression = {
  crc32: (bytes, start, end, crc) => zlib().crc32(bytes.subarray(start, end), crc),

  gzip(bytes) {
    const { gzip } = zlib();
    return new Promise((resolve, reject) => {
      gzip(bytes, (error, packed) => (error === null ? resolve(packed) : reject(error)));
    });
  },

  async *gunzip(pieces) {
    const unpacker = zlib().createGunzip();
    const feeding = feed(pieces, unpacker);
    try {
      for await (const piece of unpacker) yield piece as Uint8Array;
    } catch (error) {
      if (error instanceof NodeError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new NodeError('DATA_DAMAGED', `Not a gzip file, or damaged: ${reason}`);
    }
    await feeding;
  },
};

type Unpacker = ReturnType<typeof import('node:zlib').createGunzip>;

/** An error of the pieces' own becomes the unpacker's, which is where it is read. */
async function feed(pieces: AsyncIterable<Uint8Array>, unpacker: Unpacker): Promise<void> {
  try {
    for await (const piece of pieces) {
      if (unpacker.destroyed) return;
      if (!unpacker.write(piece)) await drained(unpacker);
    }
    unpacker.end();
  } catch (error) {
    unpacker.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

function drained(unpacker: Unpacker): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      unpacker.off('drain', finish);
      unpacker.off('close', finish);
      resolve();
    };
    unpacker.on('drain', finish);
    unpacker.on('close', finish);
  });
}

/** Loaded where something is packed: it costs a start 2 ms. */
function zlib(): typeof import('node:zlib') {
  return process.getBuiltinModule('node:zlib');
}
