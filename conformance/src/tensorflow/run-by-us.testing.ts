import { bytesOf, type Graph, type Tensor } from "@millrace/ir";
import { referenceEngine } from "@millrace/runtime";

/** TensorFlow Lite 2.14 scales fully connected layers by fixed-point multipliers, as the flavor "tflm" does. */
export async function runByUs(graph: Graph, inputs: readonly Tensor[]): Promise<Int8Array> {
  const prepared = await referenceEngine({ flavor: "tflm" }).prepare(graph);
  const outputs: Tensor[] = [];
  for (const input of inputs)
    outputs.push((await prepared.run(new Map([[graph.inputs[0].name, input]]))).get(graph.outputs[0].name)!);
  return new Int8Array(Buffer.concat(outputs.map(bytesOf)));
}
