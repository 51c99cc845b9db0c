import { elementCount, fromNumbers, type Node, type TensorData } from "@millrace/ir";
import { kernelOf } from "@millrace/runtime";
import { lookUp } from "../commands/look-up.ts";
import type { Lowering, Writer } from "./lowering.ts";
import { elementsOf, refuseValues, sizesOf } from "./shared-rules.ts";

/** What a node makes of every byte that its input may hold, in the order of the bytes as int8, by its reference kernel. */
function tableOf(node: Node, { context }: Writer): TensorData {
  const { dtype } = node.inputs[0]!.type;
  const stored = Array.from({ length: 256 }, (_, at) => (dtype === "u8" ? (at + 128) & 0xff : at - 128));
  const outputs = node.outputs.map(({ type }) => ({ ...type, shape: [256] }));
  return kernelOf(node, context)([fromNumbers(dtype, [256], stored)], outputs, node.attributes)[0].data;
}

/** Replaces every byte of a node's input by what its kernel makes of it. */
export function emitTable(node: Node, writer: Writer): void {
  writer.emit(lookUp, {
    input: writer.placeOf(node.inputs[0]!),
    output: writer.placeOf(node.outputs[0]),
    length: elementCount(sizesOf(node.outputs[0])),
    resultBytes: elementsOf(node).resultBytes,
    table: writer.constant(tableOf(node, writer) as Int8Array),
  });
}

/** Operators that replace every number on its own. */
export const elementwise: Lowering = { refuse: refuseValues, write: emitTable };
