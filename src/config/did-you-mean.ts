/**
 * The known name that was probably meant: fewest edits, neighbours swapped counting as one, and no
 * more than a third of the name. A name that ends the way a known one does is near too, so that
 * `port` finds `network.resp_port` only when nothing else is closer.
 * @returns null when nothing is near
 */
export function findNearest(name: string, known: readonly string[]): string | null {
  const wanted = normalize(name.slice(0, NAME_LENGTH_MAX));
  let nearest: string | null = null;
  let fewest = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of known) {
    const edits = countEdits(wanted, normalize(candidate), fewest);
    if (edits < fewest) {
      fewest = edits;
      nearest = candidate;
    }
  }
  return nearest ?? findBySuffix(wanted, known);
}

/** `; did you mean 'x'?`, or nothing. */
export function suggest(name: string, known: readonly string[]): string {
  const nearest = findNearest(name, known);
  return nearest === null ? '' : `; did you mean '${nearest}'?`;
}

const NAME_LENGTH_MAX = 64;

function normalize(name: string): string {
  return name.toLowerCase().replaceAll('-', '_');
}

function findBySuffix(wanted: string, known: readonly string[]): string | null {
  const last = wanted.slice(wanted.lastIndexOf('.') + 1);
  if (last.length < 4) return null;
  const matches = known.filter((candidate) => {
    const name = normalize(candidate);
    return name.endsWith(`.${last}`) || name.endsWith(`_${last}`);
  });
  return matches.length === 1 ? matches[0]! : null;
}

/** Optimal string alignment distance, given up once it reaches `limit`. */
function countEdits(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) >= limit) return limit;
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const isSame = left[row - 1] === right[column - 1];
      let edits = Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + (isSame ? 0 : 1),
      );
      const isSwap =
        row > 1 &&
        column > 1 &&
        left[row - 1] === right[column - 2] &&
        left[row - 2] === right[column - 1];
      if (isSwap) edits = Math.min(edits, beforeLast[column - 2]! + 1);
      current.push(edits);
    }
    beforeLast = last;
    last = current;
  }
  return last[right.length]!;
}
