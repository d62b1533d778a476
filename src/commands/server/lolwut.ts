import type { Frame } from '../../base/frame.ts';
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
    if (!checkArguments(frame)) return reply.error(ERRORS.notInteger);
    const picture = interference(node.world.random);
    const version = `Redis ver. ${REDIS_VERSION} (HyperCache ${node.version})`;
    reply.verbatim('txt', `${picture}\n${version}\n`);
  },
};

/** Only the pictures of Redis 5 and 6 had sizes to be given. */
function checkArguments(frame: Frame): boolean {
  if (frame.count < 3 || !frame.equals(1, 'VERSION')) return true;
  const version = integer64Argument(frame, 2);
  if (version === null) return false;
  const sizeCount = version === 5n ? 3 : version === 6n ? 2 : 0;
  for (let arg = 3; arg < Math.min(frame.count, 3 + sizeCount); arg++) {
    if (integer64Argument(frame, arg) === null) return false;
  }
  return true;
}

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
