import { REDIS_VERSION } from '../../base/version.ts';
import type { Random } from '../../base/world.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { CommandRow } from '../command-row.ts';
import { integer64Argument } from '../integer-argument.ts';

const COLUMNS = 64;
const ROWS = 8;
const SHADES = ' .:-=+*#%@';

export const lolwutCommand: CommandRow = {
  name: 'lolwut',
  arity: -1,
  flags: ['readonly', 'fast'],
  group: 'server',
  since: '5.0.0',
  complexity: 'undefined',
  summary: 'Draw a small picture and tell the version',
  syntax: '[VERSION version]',
  execute({ node }, frame, reply) {
    const first = frame.count >= 3 && frame.equals(1, 'VERSION') ? 2 : frame.count;
    for (let arg = first; arg < frame.count; arg++) {
      if (integer64Argument(frame, arg) === null) return reply.error(ERRORS.notInteger);
    }
    const picture = interference(node.world.random);
    const version = `Redis ver. ${REDIS_VERSION} (HyperCache ${node.version})`;
    reply.verbatim('txt', `${picture}\n${version}\n`);
  },
};

/** Rings around two random points, where they meet: `ROWS` lines of text. */
function interference(random: Random): string {
  const waves = [0, 1].map(() => ({
    x: (random.u32() / 2 ** 32) * COLUMNS,
    y: (random.u32() / 2 ** 32) * ROWS,
    length: 3 + (random.u32() / 2 ** 32) * 6,
  }));
  let picture = '';
  for (let y = 0; y < ROWS; y++) {
    for (let x = 0; x < COLUMNS; x++) {
      // A character is about twice as high as it is wide.
      const height = waves.reduce(
        (sum, wave) => sum + Math.cos(Math.hypot(x - wave.x, 2 * (y - wave.y)) / wave.length),
        0,
      );
      picture +=
        SHADES[Math.min(SHADES.length - 1, Math.floor(((height + 2) / 4) * SHADES.length))];
    }
    picture += '\n';
  }
  return picture;
}
