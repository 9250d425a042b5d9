/**
 * The figure in the middle, which says how a thing is as a rule: on a machine that others use too, the largest says what they were doing.
 * Infinity when there is none.
 */
export function median(figures: readonly number[]): number {
  return figures.toSorted((one, another) => one - another)[figures.length >> 1] ?? Infinity;
}
