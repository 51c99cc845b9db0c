import { zeros } from "@millrace/ir";
import { nonMaxSuppression, unique } from "@millrace/ops";
import { tensorTypeNames } from "./element-types.ts";
import { integer, type Lowering } from "./lowering.ts";

/** Version 5 lowers scores and gives them, which version 4 does not. */
export const lowerNonMaxSuppression: Lowering = (node) => {
  const { boxes, scores, overlapThreshold, scoreThreshold, sigma } = nonMaxSuppression.inputsOf(node);
  const most = integer(nonMaxSuppression.attributesOf(node).most);
  const [indices, selected, count] = node.outputs;
  const operands = [boxes, scores, most, overlapThreshold, scoreThreshold];
  if (!sigma && selected.uses.size === 0)
    return {
      builtin: "NON_MAX_SUPPRESSION_V4",
      operands,
      results: [indices, count],
      options: { kind: "NonMaxSuppressionV4Options" },
    };
  return {
    builtin: "NON_MAX_SUPPRESSION_V5",
    operands: [...operands, sigma ?? { kind: "tensor", name: `${node.name}_sigma`, tensor: zeros("f32", []) }],
    options: { kind: "NonMaxSuppressionV5Options" },
  };
};

export const lowerUnique: Lowering = (node) => ({
  builtin: "UNIQUE",
  operands: node.inputs,
  options: { kind: "UniqueOptions", idxOutType: tensorTypeNames[unique.attributesOf(node).to] },
});
