import type { Value } from "@millrace/ir";
import { add, select } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { activations } from "./activations.ts";
import { arrangements } from "./arrangement.ts";
import { blockwise } from "./blockwise.ts";
import { elementwise, plain } from "./elementwise.ts";
import { embeddings } from "./embedding.ts";
import { fused } from "./fused.ts";
import { microsoftAttentions } from "./microsoft-attention.ts";
import { normalizations } from "./normalization.ts";
import { pooling } from "./pooling.ts";
import { products } from "./products.ts";
import { dynamicQuantization, quantizations } from "./quantization.ts";
import { dequantized, parametersAt } from "./quantization-parameters.ts";
import { between, quantizedLayers, realBias, realInput, storedResult } from "./quantized-layers.ts";
import { reductions } from "./reduction.ts";

/** A pooling of quantized data; channels are on axis 1. */
function pool(importer: Importer): Importer {
  return (node) => {
    if (node.attributes.flag("channels_last", false))
      node.unsupported("channels_last is 1", "Export the model before onnxruntime optimizes it, with channels first.");
    return between(importer, [0], 3)(node);
  };
}

/** Products of quantized matrices; real where no parameters for the result are given. */
function matrixLayer(node: SourceNode): Value {
  const [a, b] = [realInput(node, 0), realInput(node, 3, node.attributes.flag("transB", false) ? 0 : 1)];
  const bias = node.has(6) ? realBias(node, node.input(6), [node.input(1), node.input(4)]) : undefined;
  const result = node.as(products["Gemm"], a, b, bias);
  return node.has(7) ? storedResult(node, result, 7) : result;
}

/** Every part has parameters of its own. */
function concatenation(node: SourceNode): Value {
  const parts = Array.from({ length: Math.ceil((node.inputs.length - 2) / 3) }, (_, part) =>
    realInput(node, 2 + 3 * part),
  );
  return storedResult(node, node.as(arrangements["Concat"], ...parts), 0, 2);
}

function choice(node: SourceNode): Value {
  const result = node.compute(select, [node.input(0), realInput(node, 1), realInput(node, 4)], {});
  return storedResult(node, result, 7, 1);
}

/** The operator's `opset` says which axes a softmax is taken over; from 13 on it is one. */
const softmaxOf: Importer = (node) => {
  const opset = node.attributes.integer("opset", node.opset);
  if (opset < 13 && node.attributes.integer("axis", 1) !== node.shape(0).length - 1)
    node.unsupported("it is taken over several axes", "Use opset 13, or the last axis.");
  return between(normalizations["Softmax"], [0], 3)(node);
};

/** Real data, in steps that are found while the model runs, meet a quantized matrix. */
function dynamicProduct(node: SourceNode): Value {
  const [stored, scale, zeroPoint] = dynamicQuantization(node);
  const data = dequantized(node, stored, { scale, zeroPoint, axis: -1, blockSize: 0 });
  const weights = dequantized(node, node.input(1), parametersAt(node, 2, -1));
  return withBias(node, node.as(products["MatMul"], data, weights), 4);
}

/** Scales stand together, and zero points behind them. */
function realProduct(node: SourceNode): Value {
  const reals = [0, 1].map((index) =>
    dequantized(node, node.input(index), {
      scale: node.input(2 + index),
      zeroPoint: node.optional(4 + index),
      axis: index === 0 ? -2 : -1,
      blockSize: 0,
    }),
  );
  return withBias(node, node.as(products["MatMul"], ...reals), 6);
}

function withBias(node: SourceNode, product: Value, index: number): Value {
  return node.has(index) ? node.compute(add, [product, node.input(index)], plain) : product;
}

/** Operators that onnxruntime adds to ONNX's own. */
export const microsoft: Readonly<Record<string, Importer>> = {
  "com.microsoft.QuantizeLinear": quantizations["QuantizeLinear"],
  "com.microsoft.DequantizeLinear": quantizations["DequantizeLinear"],
  "com.microsoft.QLinearConv": quantizedLayers["QLinearConv"],
  "com.microsoft.QGemm": matrixLayer,
  "com.microsoft.QLinearAdd": between(elementwise["Add"], [0, 3], 6),
  "com.microsoft.QLinearMul": between(elementwise["Mul"], [0, 3], 6),
  "com.microsoft.QLinearSigmoid": between(elementwise["Sigmoid"], [0], 3),
  "com.microsoft.QLinearLeakyRelu": between(activations["LeakyRelu"], [0], 3),
  "com.microsoft.QLinearAveragePool": pool(pooling["AveragePool"]),
  "com.microsoft.QLinearGlobalAveragePool": pool(pooling["GlobalAveragePool"]),
  "com.microsoft.QLinearReduceMean": between(reductions["ReduceMean"], [0], 3),
  "com.microsoft.QLinearSoftmax": softmaxOf,
  "com.microsoft.QLinearConcat": concatenation,
  "com.microsoft.QLinearWhere": choice,
  "com.microsoft.DynamicQuantizeMatMul": dynamicProduct,
  "com.microsoft.MatMulIntegerToFloat": realProduct,
  ...microsoftAttentions,
  ...embeddings,
  ...blockwise,
  ...fused,
};
