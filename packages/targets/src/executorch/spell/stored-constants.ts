import { bitsOf, fromNumbers, numbersOf } from "@millrace/ir";
import { dequantize } from "@millrace/ops";
import { rewrite } from "@millrace/passes";

/** Stored constants of 2 or 4 bits take bytes, the least that ExecuTorch has, and those with scales for blocks become real: it has no kernel for them. */
export const storeInBytes = rewrite("edge-store-in-bytes", {
  roots: [dequantize],
  find({ inputs: [stored] }) {
    const { constant, type } = stored!;
    const { block } = type.quantization ?? {};
    if (constant === undefined || (bitsOf(type.dtype) >= 8 && block === undefined)) return undefined;
    return { constant, type, isReal: block !== undefined };
  },
  replace({ constant, type, isReal }, node, graph) {
    const [result] = node.outputs;
    if (isReal) {
      const [tensor] = dequantize.evaluate!([constant], {}, [result.type], [type]);
      return graph.replaceUses(result, graph.addConstant(`${result.name}_real`, tensor));
    }
    const bytes = type.dtype.startsWith("u") ? "u8" : "i8";
    const tensor = fromNumbers(bytes, constant.shape, numbersOf(constant));
    graph.setInput(node, 0, graph.addConstant(`${result.name}_bytes`, tensor, type.quantization));
  },
});
