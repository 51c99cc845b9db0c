/** Runs of positions that follow one another, each of `length`; every run begins `step` behind the one before. */
export interface Block {
  readonly first: number;
  readonly length: number;
  readonly runs: number;
  readonly step: number;
}

/** Length of the run that begins at `at`: positions that count up, or all the same where there is none (-1). */
function runAt(positions: Int32Array, at: number): number {
  const first = positions[at];
  const rise = first < 0 ? 0 : 1;
  let length = 1;
  while (at + length < positions.length && positions[at + length] === first + rise * length) length++;
  return length;
}

/** Positions as blocks of runs within one source, in time linear in their number. */
export function blocksOf(positions: Int32Array, sourceOf: (position: number) => unknown): readonly Block[] {
  const blocks: Block[] = [];
  for (let at = 0; at < positions.length; ) {
    const first = positions[at];
    const length = runAt(positions, at);
    let runs = 1;
    let next = at + length;
    const step = first < 0 || next === positions.length ? 0 : positions[next] - first;
    const source = sourceOf(first);
    const goesOn = () => positions[next] === first + runs * step && sourceOf(positions[next]) === source;
    while (
      first >= 0 &&
      next < positions.length &&
      positions[next] >= 0 &&
      goesOn() &&
      runAt(positions, next) === length
    ) {
      runs++;
      next += length;
    }
    blocks.push({ first, length, runs, step });
    at = next;
  }
  return blocks;
}
