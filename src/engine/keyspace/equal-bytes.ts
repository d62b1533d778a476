/** Compares by words while there are four bytes left; the last word may overlap the one before. */
export function equalBytes(
  view: DataView,
  offset: number,
  otherView: DataView,
  otherOffset: number,
  length: number,
): boolean {
  if (length < 4) {
    for (let at = 0; at < length; at++) {
      if (view.getUint8(offset + at) !== otherView.getUint8(otherOffset + at)) return false;
    }
    return true;
  }
  const last = length - 4;
  for (let at = 0; at < last; at += 4) {
    const word = view.getInt32(offset + at, true);
    if (word !== otherView.getInt32(otherOffset + at, true)) return false;
  }
  return view.getInt32(offset + last, true) === otherView.getInt32(otherOffset + last, true);
}
