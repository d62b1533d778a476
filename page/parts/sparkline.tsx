const WIDTH = 120;
const HEIGHT = 24;

/** Shares between 0 and 1, the oldest first. */
export function Sparkline({ shares, label }: { shares: readonly number[]; label: string }) {
  if (shares.length < 2) return <span class="quiet">no reads yet</span>;
  const step = WIDTH / (shares.length - 1);
  const points = shares.map(
    (share, i) => `${(i * step).toFixed(1)},${(1 + (1 - share) * (HEIGHT - 2)).toFixed(1)}`,
  );
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <polyline points={points.join(' ')} />
    </svg>
  );
}
