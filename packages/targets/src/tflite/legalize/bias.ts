import { type Quantization, type Value, zeros } from "@millrace/ir";
import { conv2d } from "@millrace/ops";
import { edit, rewrite } from "@millrace/passes";

/** TFLite's convolutions read a bias whether there is one or not, so one without gets zeros. */
export const addBiases = rewrite("tflite-add-biases", {
  roots: [conv2d],
  find: (node) => (conv2d.inputsOf(node).bias === undefined ? conv2d.inputsOf(node) : undefined),
  replace({ x, weights }, node, graph) {
    const { constant, finish } = edit(graph, node);
    const dtype = x.type.quantization ? (x.type.dtype === "i16" ? "i64" : "i32") : "f32";
    const bias = zeros(dtype, [weights.type.shape[0] as number]);
    finish(conv2d, [x, weights, constant("bias", bias, biasQuantization(x, weights))], node.attributes);
  },
});

/** A bias has the scale of data times weights. */
function biasQuantization(x: Value, weights: Value): Quantization | undefined {
  const [data, factors] = [x.type.quantization, weights.type.quantization];
  if (!data || !factors) return undefined;
  const scale = factors.scale.map((item) => Math.fround(item * data.scale[0]));
  return { scale, zeroPoint: scale.map(() => 0), ...(factors.axis !== undefined && { axis: 0 }) };
}
