import type { Node, Shape, Value } from "@millrace/ir";
import { groupNormalization, layerNormalization } from "@millrace/ops";
import {
  foldConstants,
  type Pass,
  removeDead,
  spellAttention,
  spellMish,
  spellNormalizationsBut,
  unrollRecurrent,
} from "@millrace/passes";
import { spellHardSwish, spellPrelu, spellScaledSoftmax, unfuseActivations } from "./activations.ts";
import {
  spellCumulativeSum,
  spellL2Normalize,
  spellL2Pool,
  spellReduceAll,
  spellSquaredDifference,
} from "./arithmetic.ts";
import { padConvolutions, padMaxima, padMeans, spellDepth, spellResponse } from "./images.ts";
import { flattenLinear, stackMatrices } from "./products.ts";

/** Writes out what the Edge dialect has no operator for, in channel-first graphs, without a change of meaning. */
export const edgeSpellings: readonly Pass[] = [
  unrollRecurrent,
  spellAttention,
  spellNormalizationsBut(hasOperator),
  spellMish,
  flattenLinear,
  unfuseActivations,
  spellHardSwish,
  spellPrelu,
  spellScaledSoftmax,
  spellSquaredDifference,
  spellL2Normalize,
  spellL2Pool,
  spellReduceAll,
  spellCumulativeSum,
  spellCumulativeSum,
  spellResponse,
  padConvolutions,
  padMaxima,
  padMeans,
  spellDepth,
  stackMatrices,
  foldConstants,
  removeDead,
];

/** Whether a normalization is one that ExecuTorch has: over the last axes, or groups of channels on axis 1, with a factor for each. */
function hasOperator(node: Node): boolean {
  if (node.op === layerNormalization) {
    const { x, scale, bias } = layerNormalization.inputsOf(node);
    const { axes } = layerNormalization.attributesOf(node);
    const rank = x.type.shape.length;
    const inner = x.type.shape.slice(axes[0]);
    return axes.length === rank - axes[0] && [scale, bias].every((value) => hasSizes(value, inner));
  }
  if (node.op !== groupNormalization) return false;
  const { x, scale, bias } = groupNormalization.inputsOf(node);
  const { axis } = groupNormalization.attributesOf(node);
  return axis === 1 && [scale, bias].every((value) => hasSizes(value, [x.type.shape[1]]));
}

function hasSizes(value: Value | undefined, sizes: Shape): boolean {
  return (
    value === undefined ||
    (value.type.shape.length === sizes.length && sizes.every((size, axis) => size === value.type.shape[axis]))
  );
}
