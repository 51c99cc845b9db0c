/** One measurement beside what it is held against; ratio = peer / ours (1 for two zeros), so more than 1 is better than the peer. */
export interface Row {
  readonly name: string;
  readonly ours: number;
  readonly peer: number;
  /** What the peer is: another tool, a goal or a bound. */
  readonly against: string;
  readonly unit: string;
  readonly ratio: number;
}

export function row(name: string, ours: number, peer: number, against: string, unit: string): Row {
  return { name, ours, peer, against, unit, ratio: peer === ours ? 1 : peer / ours };
}

/** A benchmark gives its rows, or says why it can't run here. */
export type Benchmark = () => Promise<readonly Row[] | { readonly skipped: string }>;

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
