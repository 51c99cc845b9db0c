import { fromNumbers, type Value } from "@millrace/ir";
import { clamp, equal, greater, log, mul, reduceMax, select, sigmoid, sub } from "@millrace/ops";
import { formulaOf } from "../../onnx/ops/formula.ts";
import { reshaped } from "../../onnx/ops/weights.ts";
import { type Call, type Handler, real } from "../call.ts";
import { sliceOf } from "./slicing.ts";

/** ONNX's operator, with arguments of the node as its real attributes. */
function likeOnnx(type: string, reals: Readonly<Record<string, string>> = {}): Handler {
  return (call) => {
    const attributes = Object.entries(reals).map(([name, own]) => [name, real(call.arguments.real(own))]);
    return call.onnx(type, [call.realOf(call.arguments.tensor("self"))], Object.fromEntries(attributes));
  };
}

function clampedBetween(minimum: number, maximum: number): Handler {
  return (call) => call.compute(clamp, [call.arguments.tensor("self")], { minimum, maximum });
}

/** α · scale · (exp(x · input_scale / α) − 1) below zero, x · scale above. */
function exponential(call: Call): Value {
  const of = formulaOf(call.writer);
  const [alpha, scale, inputScale] = ["alpha", "scale", "input_scale"].map((name) => call.arguments.real(name));
  if (inputScale !== 1) call.unsupported(`its input_scale is ${inputScale}`, "Use nn.ELU, nn.CELU or nn.SELU.");
  const result = call.onnx("Elu", [call.realOf(call.arguments.tensor("self"))], { alpha: real(alpha) });
  return scale === 1 ? result : of(mul, result, scale);
}

/** A slope for each channel, or one for all. */
function parametricRelu(call: Call): Value {
  const [x, slope] = [call.arguments.tensor("self"), call.arguments.tensor("weight")];
  const { shape } = x.type;
  const [count] = slope.type.shape;
  const isPerChannel = shape.length > 1 && count !== undefined && count !== 1;
  const aligned = isPerChannel ? reshaped(call.writer, slope, [count, ...shape.slice(2).map(() => 1)]) : slope;
  return call.onnx("PRelu", [x, aligned]);
}

function gatedHalves(call: Call): Value {
  const x = call.arguments.tensor("self");
  const axis = call.axis(call.arguments.integer("dim"), x.type.shape.length);
  const size = x.type.shape[axis];
  if (typeof size !== "number" || size % 2 !== 0) return call.invalid(`axis ${axis} of size ${size} has no halves`);
  const half = (start: number) => sliceOf(call, x, axis, start, start + size / 2);
  const of = formulaOf(call.writer);
  return of(mul, half(0), of(sigmoid, half(size / 2)));
}

/** log(1 + exp(β x)) / β; PyTorch takes x itself where β x is beyond the threshold, which is the same to float32. */
function softplus(call: Call): Value {
  const of = formulaOf(call.writer);
  const x = call.realOf(call.arguments.tensor("self"));
  const beta = call.arguments.real("beta");
  if (beta === 1) return call.onnx("Softplus", [x]);
  return of(mul, call.onnx("Softplus", [of(mul, x, beta)]), 1 / beta);
}

function thresholded(call: Call): Value {
  const x = call.arguments.tensor("self");
  const [threshold, value] = [call.arguments.real("threshold"), call.arguments.real("value")];
  const of = formulaOf(call.writer);
  return of(select, of(greater, x, threshold), x, call.writer.constant(fromNumbers(x.type.dtype, [], [value])));
}

function logit(call: Call): Value {
  const of = formulaOf(call.writer);
  const x = call.realOf(call.arguments.tensor("self"));
  const epsilon = call.arguments.optionalReal("eps");
  const inside = epsilon === undefined ? x : call.compute(clamp, [x], { minimum: epsilon, maximum: 1 - epsilon });
  return of(sub, of(log, inside), of(log, of(sub, 1, inside)));
}

function approximateGelu(call: Call): Value {
  const approximate = call.arguments.text("approximate");
  return call.onnx("Gelu", [call.arguments.tensor("self")], { approximate });
}

/** softmax and log_softmax; the type asked for is that of the result. */
function overAxis(type: string): Handler {
  return (call) => {
    const x = call.realOf(call.arguments.tensor("self"));
    return call.onnx(type, [x], { axis: call.axis(call.arguments.integer("dim"), x.type.shape.length) });
  };
}

/** A row without any score, all of it −∞, has no shares. */
function safeSoftmax(call: Call): Value {
  const of = formulaOf(call.writer);
  const x = call.realOf(call.arguments.tensor("self"));
  const axis = call.axis(call.arguments.integer("dim"), x.type.shape.length);
  const greatest = call.compute(reduceMax, [x], { axes: [axis], keepDims: true });
  return of(select, of(equal, greatest, Number.NEGATIVE_INFINITY), 0, call.onnx("Softmax", [x], { axis }));
}

const swish = likeOnnx("Swish");

/** Activation functions, by overload. */
export const activations: Readonly<Record<string, Handler>> = {
  "aten.relu.default": clampedBetween(0, Number.POSITIVE_INFINITY),
  "aten.relu6.default": clampedBetween(0, 6),
  "aten.leaky_relu.default": likeOnnx("LeakyRelu", { alpha: "negative_slope" }),
  "aten.elu.default": exponential,
  "aten.celu.default": likeOnnx("Celu", { alpha: "alpha" }),
  "aten.selu.default": likeOnnx("Selu"),
  "aten.prelu.default": parametricRelu,
  "aten._prelu_kernel.default": parametricRelu,
  "aten.silu.default": swish,
  "aten.gelu.default": approximateGelu,
  "aten.mish.default": likeOnnx("Mish"),
  "aten.hardswish.default": likeOnnx("HardSwish"),
  "aten.hardsigmoid.default": (call) =>
    call.onnx("HardSigmoid", [call.arguments.tensor("self")], { alpha: real(1 / 6), beta: real(0.5) }),
  "aten.hardshrink.default": (call) =>
    call.onnx("Shrink", [call.arguments.tensor("self")], { lambd: real(call.arguments.real("lambd")), bias: real(0) }),
  "aten.softshrink.default": (call) => {
    const lambda = real(call.arguments.real("lambd"));
    return call.onnx("Shrink", [call.arguments.tensor("self")], { lambd: lambda, bias: lambda });
  },
  "aten.softplus.default": softplus,
  "aten.log_sigmoid.default": (call) => {
    const of = formulaOf(call.writer);
    return of(mul, call.onnx("Softplus", [of(mul, call.arguments.tensor("self"), -1)]), -1);
  },
  "aten.log_sigmoid_forward.default": (call) => {
    const of = formulaOf(call.writer);
    return [of(mul, call.onnx("Softplus", [of(mul, call.arguments.tensor("self"), -1)]), -1), undefined];
  },
  "aten.threshold.default": thresholded,
  "aten.glu.default": gatedHalves,
  "aten.logit.default": logit,
  "aten.softmax.int": overAxis("Softmax"),
  "aten._safe_softmax.default": safeSoftmax,
  "aten._softmax.default": overAxis("Softmax"),
  "aten.log_softmax.int": overAxis("LogSoftmax"),
  "aten._log_softmax.default": overAxis("LogSoftmax"),
};
