import { elementCount, type Node, type Tensor } from "@millrace/ir";
import { kernelOf } from "@millrace/runtime";
import { lookUp } from "../commands/look-up.ts";
import type { Lowering, Writer } from "./lowering.ts";
import { refuseValues, sizesOf } from "./shared-rules.ts";

/** What a node makes of every stored integer, least first, by its reference kernel. */
function tableOf(node: Node, { context }: Writer): Int8Array {
  const data = Int8Array.from({ length: 256 }, (_, at) => at - 128);
  const every: Tensor = { dtype: "i8", shape: [256], data };
  const outputs = node.outputs.map(({ type }) => ({ ...type, shape: [256] }));
  return kernelOf(node, context)([every], outputs, node.attributes)[0].data as Int8Array;
}

/** Operators that replace every number on its own. */
export const elementwise: Lowering = {
  refuse: refuseValues,
  write(node, writer) {
    writer.emit(lookUp, {
      input: writer.placeOf(node.inputs[0]!),
      output: writer.placeOf(node.outputs[0]),
      length: elementCount(sizesOf(node.outputs[0])),
      table: writer.constant(tableOf(node, writer)),
    });
  },
};
