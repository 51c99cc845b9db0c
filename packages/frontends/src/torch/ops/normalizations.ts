import { elementCount, fromNumbers, type Value } from "@millrace/ir";
import { type Call, type Handler, real } from "../call.ts";
import { repeated } from "./layers.ts";

/** The axis of channels has to be known: parameters that are left out are made for it. */
function channels(call: Call, x: Value): number {
  const size = x.type.shape[1];
  return typeof size === "number" ? size : call.invalid(`it has ${size} channels`);
}

/** Normalizes by running statistics, or by those of the batch where the model is one of training. */
function batchNormalization(call: Call, isTraining: boolean): readonly (Value | undefined)[] {
  const { arguments: given } = call;
  const x = given.tensor("input");
  const parameter = (name: string, usual: number) =>
    given.optionalTensor(name) ?? repeated(call, channels(call, x), usual);
  const inputs = [
    x,
    parameter("weight", 1),
    parameter("bias", 0),
    parameter("running_mean", 0),
    parameter("running_var", 1),
  ];
  const epsilon = real(given.real("eps"));
  if (!isTraining) return call.onnxAll("BatchNormalization", inputs, { epsilon }, ["result"]);
  return call.onnxAll(
    "BatchNormalization",
    inputs,
    { epsilon, momentum: real(1 - given.real("momentum")), training_mode: 1 },
    ["result", "mean", "variance"],
  );
}

/** The training form also gives statistics of the batch, which nothing reads at inference, and the moved running ones. */
function functionalBatchNormalization(call: Call): readonly (Value | undefined)[] {
  const isTraining = call.arguments.flag("training");
  const [result, mean, variance] = batchNormalization(call, isTraining);
  if (!isTraining)
    return [result, undefined, undefined, call.arguments.tensor("running_mean"), call.arguments.tensor("running_var")];
  return [result, undefined, undefined, mean, variance];
}

function warnOfTraining(call: Call): void {
  call.writer.inform(
    "torch.training-mode",
    "it normalizes by the batch, as in training.",
    "Export the model in evaluation mode (model.eval()).",
  );
}

function trainable(flag: string): Handler {
  return (call) => {
    const isTraining = call.arguments.flag(flag);
    if (isTraining) warnOfTraining(call);
    return batchNormalization(call, isTraining).slice(0, 1);
  };
}

/** Normalizes over the trailing axes; mean and inverse deviation are results too if they are read. */
function layerNormalization(call: Call): readonly (Value | undefined)[] {
  const { arguments: given } = call;
  const x = given.tensor("input");
  const shape = given.integers("normalized_shape");
  const [scale, bias] = [given.optionalTensor("weight"), given.optionalTensor("bias")];
  const axis = x.type.shape.length - shape.length;
  const attributes = { axis, epsilon: real(given.real("eps")) };
  return call.onnxAll("LayerNormalization", [x, scale ?? ones(call, shape), bias], attributes, readResults(call));
}

function ones(call: Call, shape: readonly number[]): Value {
  return call.writer.constant(fromNumbers("f32", shape, new Array<number>(call.count(elementCount(shape))).fill(1)));
}

/** Results by name as far as they are read, the first one always. */
function readResults({ results }: Call): readonly string[] {
  return ["result", ...results.slice(1)];
}

function rootMeanSquare(call: Call): Value {
  const { arguments: given } = call;
  const x = given.tensor("input");
  const shape = given.integers("normalized_shape");
  const epsilon = real(given.optionalReal("eps") ?? 2 ** -23);
  const scale = given.optionalTensor("weight") ?? ones(call, shape);
  return call.onnx("RMSNormalization", [x, scale], { axis: x.type.shape.length - shape.length, epsilon });
}

function groupNormalization(groups: string): Handler {
  return (call) => {
    const { arguments: given } = call;
    const x = given.tensor("input");
    if (call.wants(1) || call.wants(2))
      call.unsupported("its mean or deviation is a result too", "Export the model in evaluation mode (model.eval()).");
    const count = channels(call, x);
    const [scale, bias] = [given.optionalTensor("weight"), given.optionalTensor("bias")];
    const inputs = [x, scale ?? repeated(call, count, 1), bias ?? repeated(call, count, 0)];
    const attributes = { num_groups: given.integer(groups), epsilon: real(given.real("eps")) };
    return [call.onnx("GroupNormalization", inputs, attributes), undefined, undefined];
  };
}

/** Normalizes every channel of every image by itself, or by running statistics. */
function instanceNormalization(call: Call): readonly (Value | undefined)[] {
  const { arguments: given } = call;
  if (!given.flag("use_input_stats")) return batchNormalization(call, false);
  const x = given.tensor("input");
  const count = channels(call, x);
  const [scale, bias] = [given.optionalTensor("weight"), given.optionalTensor("bias")];
  const inputs = [x, scale ?? repeated(call, count, 1), bias ?? repeated(call, count, 0)];
  return [call.onnx("InstanceNormalization", inputs, { epsilon: real(given.real("eps")) })];
}

/** Operators that bring data to a common scale, by overload. */
export const normalizations: Readonly<Record<string, Handler>> = {
  "aten.batch_norm.default": trainable("training"),
  "aten._native_batch_norm_legit_no_training.default": (call) => [
    ...batchNormalization(call, false),
    undefined,
    undefined,
  ],
  "aten._native_batch_norm_legit.default": trainable("training"),
  "aten._native_batch_norm_legit.no_stats": (call) => {
    warnOfTraining(call);
    return batchNormalization(call, true).slice(0, 1);
  },
  "aten._native_batch_norm_legit_functional.default": functionalBatchNormalization,
  "aten.native_batch_norm.default": trainable("training"),
  "aten.layer_norm.default": layerNormalization,
  "aten.native_layer_norm.default": layerNormalization,
  "aten.rms_norm.default": rootMeanSquare,
  "aten.group_norm.default": groupNormalization("num_groups"),
  "aten.native_group_norm.default": groupNormalization("group"),
  "aten.instance_norm.default": instanceNormalization,
};
