import * as ops from "@millrace/ops";

/** Axes up to which kernels go, and whether that is so only where operands are broadcast. */
export interface RankLimit {
  readonly most: number;
  readonly broadcast: boolean;
  readonly operators: readonly { readonly name: string }[];
}

export const rankLimits: readonly RankLimit[] = [
  { most: 6, broadcast: false, operators: [ops.transpose] },
  { most: 5, broadcast: false, operators: [ops.slice, ops.pad, ops.matmul] },
  { most: 8, broadcast: false, operators: [ops.expand] },
  { most: 5, broadcast: true, operators: [ops.add, ops.sub, ops.mul, ops.div, ops.maximum, ops.minimum, ops.select] },
  {
    most: 4,
    broadcast: true,
    operators: [
      ...Object.values(ops.comparisonOperators),
      ops.pow,
      ops.squaredDifference,
      ops.floorDiv,
      ops.floorMod,
      ops.prelu,
    ],
  },
];
