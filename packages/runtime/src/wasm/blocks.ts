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

/** The block that begins at `at`; its runs begin in one source. */
function blockAt(positions: Int32Array, at: number, sourceOf: (position: number) => unknown): Block {
  const first = positions[at];
  const length = runAt(positions, at);
  let next = at + length;
  if (first < 0 || next === positions.length) return { first, length, runs: 1, step: 0 };
  const source = sourceOf(first);
  const step = positions[next] - first;
  let runs = 1;
  while (next < positions.length && positions[next] >= 0 && positions[next] === first + runs * step) {
    if (sourceOf(positions[next]) !== source || runAt(positions, next) !== length) break;
    runs++;
    next += length;
  }
  return { first, length, runs, step };
}

/** Positions as at most so many blocks, in time linear in their number; undefined if that are too few. */
export function blocksOf(
  positions: Int32Array,
  most: number,
  sourceOf: (position: number) => unknown,
): readonly Block[] | undefined {
  const blocks: Block[] = [];
  for (let at = 0; at < positions.length; ) {
    if (blocks.length === most) return undefined;
    const block = blockAt(positions, at, sourceOf);
    blocks.push(block);
    at += block.length * block.runs;
  }
  return blocks;
}
