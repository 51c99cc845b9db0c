import { fromNumbers, type Value } from "@millrace/ir";
import { add, linear, mul, sum } from "@millrace/ops";
import { plain } from "../../onnx/ops/elementwise.ts";
import { formulaOf } from "../../onnx/ops/formula.ts";
import { isWeights, reshaped, transposedMatrix } from "../../onnx/ops/weights.ts";
import type { AttributeContents, Call, Handler } from "../call.ts";
import { overloads } from "./overloads.ts";
import { perAxis, withBatch } from "./spatial.ts";

interface Convolution {
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
  /** Elements added before and after the data along each axis, or the words `same` and `valid`. */
  readonly padding: readonly number[] | string;
  /** Of a transposed convolution: elements added to the result along each axis. */
  readonly outputPadding?: readonly number[];
}

function convolved(call: Call, convolution: Convolution): Value {
  const { stride, dilation, groups, padding, outputPadding } = convolution;
  const weight = call.arguments.tensor("weight");
  const rank = weight.type.shape.length - 2;
  if (rank < 1) return call.invalid(`its weight has ${rank + 2} axes`);
  const attributes = {
    strides: perAxis(call, "stride", stride, rank),
    dilations: perAxis(call, "dilation", dilation, rank),
    group: groups,
    ...paddingOf(call, padding, rank),
  };
  const bias = call.arguments.optionalTensor("bias");
  return withBatch(call, call.arguments.tensor("input"), rank, (x) => {
    if (outputPadding === undefined) return call.onnx("Conv", [x, weight, bias], attributes);
    const extra = perAxis(call, "output_padding", outputPadding, rank);
    return call.onnx("ConvTranspose", [x, weight, bias], { ...attributes, output_padding: extra });
  });
}

function paddingOf(call: Call, padding: readonly number[] | string, rank: number): AttributeContents {
  if (typeof padding !== "string") {
    const pads = perAxis(call, "padding", padding, rank);
    return { pads: [...pads, ...pads] };
  }
  if (padding !== "same" && padding !== "valid") return call.invalid(`its padding is ${padding}`);
  return { auto_pad: padding === "same" ? "SAME_UPPER" : "VALID" };
}

function settingsOf({ arguments: given }: Call) {
  return { stride: given.integers("stride"), dilation: given.integers("dilation"), groups: given.integer("groups") };
}

const convolution: Handler = (call) =>
  convolved(call, { ...settingsOf(call), padding: call.arguments.integers("padding") });

const paddedConvolution: Handler = (call) =>
  convolved(call, { ...settingsOf(call), padding: call.arguments.text("padding") });

const transposedConvolution: Handler = (call) => {
  const { arguments: given } = call;
  const outputPadding = given.integers("output_padding");
  return convolved(call, { ...settingsOf(call), padding: given.integers("padding"), outputPadding });
};

/** The one operator that core ATen has for all of them. */
const anyConvolution: Handler = (call) =>
  call.arguments.flag("transposed") ? transposedConvolution(call) : convolution(call);

/** x · weightᵀ + bias along the last axis: one operator where the weights are constant. */
function linearLayer(call: Call): Value {
  const { writer, arguments: given } = call;
  const [x, weight, bias] = [given.tensor("input"), given.tensor("weight"), given.optionalTensor("bias")];
  const isMatrix = weight.type.shape.length === 2;
  const isVector = x.type.shape.length === 1;
  if (isMatrix && isWeights(writer, weight) && !isVector)
    return writer.emit(linear, [x, weight, ...(bias ? [bias] : [])], plain);
  const product = call.onnx("MatMul", [x, isMatrix ? transposedMatrix(writer, weight) : weight]);
  return bias ? call.compute(add, [product, bias], plain) : product;
}

/** beta · self + alpha · mat1 · mat2. */
function addedProduct(first: string, second: string): Handler {
  return (call) => {
    const { arguments: given } = call;
    const [self, a, b] = [given.tensor("self"), given.tensor(first), given.tensor(second)];
    const [alpha, beta] = [given.real("alpha"), given.real("beta")];
    if (self.type.dtype === "f32" && a.type.shape.length === 2 && b.type.shape.length === 2)
      return call.onnx("Gemm", [a, b, self], {
        alpha: { kind: "FLOAT", value: alpha },
        beta: { kind: "FLOAT", value: beta },
      });
    return addedTo(first, second, (_, x, y) => call.onnx("MatMul", [x, y]))(call);
  };
}

/** beta · self + alpha · a term of two other arguments. */
function addedTo(first: string, second: string, termOf: (call: Call, a: Value, b: Value) => Value): Handler {
  return (call) => {
    const { arguments: given } = call;
    const of = formulaOf(call.writer);
    const scaled = (value: Value, name: string) => (given.real(name) === 1 ? value : of(mul, value, given.real(name)));
    const term = termOf(call, given.tensor(first), given.tensor(second));
    return of(add, scaled(given.tensor("self"), "beta"), scaled(term, "alpha"));
  };
}

function sumOfProducts(call: Call, a: Value, b: Value): Value {
  return call.compute(sum, [call.onnx("MatMul", [a, b])], { axes: [0], keepDims: false });
}

function product(first: string, second: string): Handler {
  return (call) => call.onnx("MatMul", [call.arguments.tensor(first), call.arguments.tensor(second)]);
}

function outerProduct(call: Call, a: Value, b: Value): Value {
  const column = reshaped(call.writer, a, [...a.type.shape, 1]);
  return call.compute(mul, [column, b], plain);
}

function ofVectors(call: Call): Value {
  return outerProduct(call, call.arguments.tensor("self"), call.arguments.tensor("vec2"));
}

function einsum(call: Call): Value {
  return call.onnx("Einsum", call.arguments.tensors("tensors"), { equation: call.arguments.text("equation") });
}

/** Rows of the table by index; those of `padding_idx` are rows like others when nothing is trained. */
function embedding(call: Call): Value {
  return call.onnx("Gather", [call.arguments.tensor("weight"), call.arguments.tensor("indices")], { axis: 0 });
}

/** x1 · A · x2 + bias for each A of the weight. */
function bilinear(call: Call): Value {
  const { arguments: given } = call;
  const [x, y, weight] = ["input1", "input2", "weight"].map((name) => given.tensor(name));
  const bias = given.optionalTensor("bias");
  const result = call.onnx("Einsum", [x, weight, y], { equation: "...i,oij,...j->...o" });
  return bias ? call.compute(add, [result, bias], plain) : result;
}

/** The product of three tensors that are given further axes of one each, summed along some axes. */
function trilinear(call: Call): Value {
  const { arguments: given } = call;
  const factors = ["1", "2", "3"].map((number) =>
    call.onnx("Unsqueeze", [given.tensor(`i${number}`), call.integers(given.integers(`expand${number}`))]),
  );
  const all = factors.reduce((a, b) => call.compute(mul, [a, b], plain));
  return call.compute(sum, [all], { axes: given.integers("sumdim"), keepDims: false });
}

/** Operators with weights, and products of matrices, by overload. */
export const layers: Readonly<Record<string, Handler>> = {
  "aten.conv1d.default": convolution,
  "aten.conv2d.default": convolution,
  "aten.conv3d.default": convolution,
  "aten.conv1d.padding": paddedConvolution,
  "aten.conv2d.padding": paddedConvolution,
  "aten.conv3d.padding": paddedConvolution,
  "aten.conv_transpose1d.default": transposedConvolution,
  "aten.conv_transpose2d.input": transposedConvolution,
  "aten.conv_transpose3d.input": transposedConvolution,
  ...overloads("aten.convolution", ["default"], anyConvolution),
  "aten._convolution.default": anyConvolution,
  "aten.linear.default": linearLayer,
  "aten.bilinear.default": bilinear,
  "aten.addmm.default": addedProduct("mat1", "mat2"),
  "aten.baddbmm.default": addedProduct("batch1", "batch2"),
  "aten.addmv.default": addedProduct("mat", "vec"),
  "aten.mm.default": product("self", "mat2"),
  "aten.bmm.default": product("self", "mat2"),
  "aten.matmul.default": product("self", "other"),
  "aten.linalg_matmul.default": product("self", "other"),
  "aten.mv.default": product("self", "vec"),
  "aten.dot.default": product("self", "tensor"),
  "aten.vdot.default": product("self", "other"),
  "aten.outer.default": ofVectors,
  "aten.ger.default": ofVectors,
  "aten.addr.default": addedTo("vec1", "vec2", outerProduct),
  "aten.addbmm.default": addedTo("batch1", "batch2", sumOfProducts),
  "aten._trilinear.default": trilinear,
  "aten.einsum.default": einsum,
  "aten.embedding.default": embedding,
};

/** A vector of `count` times the same number. */
export function repeated(call: Call, count: number, value: number): Value {
  return call.writer.constant(fromNumbers("f32", [count], new Array<number>(call.count(count)).fill(value)));
}
