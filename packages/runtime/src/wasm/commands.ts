/** What the module can do, by the number that a command begins with. */
export const operations = {
  multiply: 0,
  filter: 1,
  filterNine: 2,
  lookUp: 3,
  combine: 4,
  averagePool: 5,
  multiplyRow: 6,
  multiplyTiles: 7,
  move: 8,
  greatestPool: 9,
  leastPool: 10,
  sumLines: 11,
  softmax: 12,
  resizeBilinear: 13,
  quantize: 14,
  lookUpWords: 15,
} as const;

/** An operation and the address of its parameters. */
export interface Command {
  readonly operation: keyof typeof operations;
  readonly parameters: number;
}

/** Bytes of a command in memory. */
export const commandBytes = 8;

/** Commands as the module reads them. */
export function encodeCommands(commands: readonly Command[]): Int32Array {
  return Int32Array.from(commands.flatMap(({ operation, parameters }) => [operations[operation], parameters]));
}
