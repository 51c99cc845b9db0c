import { ifOperator, whileOperator } from "@millrace/ops";
import type { Lowering } from "./lowering.ts";

export const lowerIf: Lowering = (node) => {
  const { whenTrue, whenFalse } = ifOperator.attributesOf(node);
  return {
    builtin: "IF",
    operands: node.inputs,
    bodies: [whenTrue, whenFalse],
    optionsFor: ([thenSubgraphIndex, elseSubgraphIndex]) => ({
      kind: "IfOptions",
      thenSubgraphIndex,
      elseSubgraphIndex,
    }),
  };
};

export const lowerWhile: Lowering = (node) => {
  const { condition, body } = whileOperator.attributesOf(node);
  return {
    builtin: "WHILE",
    operands: node.inputs,
    bodies: [condition, body],
    optionsFor: ([condSubgraphIndex, bodySubgraphIndex]) => ({
      kind: "WhileOptions",
      condSubgraphIndex,
      bodySubgraphIndex,
    }),
  };
};
