import { fromNumbers, isStatic, type Node, type Shape, type Value } from "@millrace/ir";
import { groupNormalization, layerNormalization, rmsNormalization } from "@millrace/ops";
import type { OnnxEmitter, OnnxLowering } from "./emitter.ts";

/** Whether the input is absent, or has one element for each of a tensor of `shape`, which is `rank` axes from the end. */
function fits(value: Value | undefined, shape: Shape): boolean {
  if (value === undefined) return true;
  const own = value.type.shape.slice(-shape.length);
  const outer = value.type.shape.slice(0, -shape.length);
  return (
    own.length === shape.length && own.every((size, axis) => size === shape[axis]) && outer.every((size) => size === 1)
  );
}

/** A factor or offset in another shape of as many elements; ones or zeros where it is absent. */
function parameter(emit: OnnxEmitter, value: Value | undefined, shape: readonly number[], absent: number): string {
  const count = shape.reduce((product, size) => product * size, 1);
  if (value === undefined)
    return emit.constant("same", fromNumbers("f32", shape, new Float32Array(count).fill(absent)));
  if (value.type.shape.length === shape.length) return emit.read(value);
  if (value.constant) return emit.constant(value.name, { ...value.constant, shape });
  return emit.node("Reshape", [emit.read(value), emit.integers("shape", shape)]);
}

/** Multiplies with the factor and adds the offset, as far as there are any. `write` makes what they are applied to. */
function scaled(node: Node, emit: OnnxEmitter, [output]: readonly string[], write: (name: string) => void): void {
  const { scale, bias } = layerNormalization.inputsOf(node);
  const product = scale && (bias ? emit.name(`${output}_scaled`) : output);
  const standard = scale || bias ? emit.name(`${output}_standard`) : output;
  write(standard);
  if (scale) emit.node("Mul", [standard, emit.read(scale)], {}, [product!]);
  if (bias) emit.node("Add", [product ?? standard, emit.read(bias)], {}, [output]);
}

/** x over the root of the mean of its squares. */
function overRootMeanSquare(emit: OnnxEmitter, x: string, node: Node, name: string): void {
  const { axes, epsilon } = rmsNormalization.attributesOf(node);
  const squares = emit.reduction("ReduceMean", emit.node("Mul", [x, x]), axes, true);
  const root = emit.node("Sqrt", [emit.node("Add", [squares, emit.scalar("epsilon", epsilon)])]);
  emit.node("Div", [x, root], {}, [name]);
}

/** ONNX has LayerNormalization over the last axes, and InstanceNormalization over all but the first two; others are written out. */
export const lowerLayerNormalization: OnnxLowering = (node, emit, outputs) => {
  const { axes, epsilon } = layerNormalization.attributesOf(node);
  const { x, scale, bias } = layerNormalization.inputsOf(node);
  const { shape } = x.type;
  const [axis] = axes;
  const inner = shape.slice(axis);
  const attributes = { epsilon: { float: epsilon } };
  const whole = axes.length === inner.length && isStatic(inner);
  const all = (sizes: readonly number[]) => [
    emit.read(x),
    parameter(emit, scale, sizes, 1),
    parameter(emit, bias, sizes, 0),
  ];
  if (whole && fits(scale, inner) && fits(bias, inner))
    return void emit.node("LayerNormalization", all(inner), { axis, ...attributes }, outputs);
  const channels = [shape[1], ...inner.map(() => 1)];
  if (whole && axis === 2 && isStatic(channels) && fits(scale, channels) && fits(bias, channels))
    return void emit.node("InstanceNormalization", all([channels[0]]), attributes, outputs);
  scaled(node, emit, outputs, (name) => {
    if (whole)
      return void emit.node(
        "LayerNormalization",
        [emit.read(x), parameter(emit, undefined, inner, 1)],
        { axis, ...attributes },
        [name],
      );
    const center = emit.reduction("ReduceMean", emit.read(x), axes, true);
    overRootMeanSquare(emit, emit.node("Sub", [emit.read(x), center]), node, name);
  });
};

/** RMSNormalization is there since opset 23 only. */
export const lowerRmsNormalization: OnnxLowering = (node, emit, outputs) => {
  scaled(node, emit, outputs, (name) => overRootMeanSquare(emit, emit.read(node.inputs[0]), node, name));
};

/** Groups of channels as channels of an InstanceNormalization, which has an operator in every opset and runtime. */
export const lowerGroupNormalization: OnnxLowering = (node, emit, outputs) => {
  const { axis, groups, epsilon } = groupNormalization.attributesOf(node);
  const { x } = groupNormalization.inputsOf(node);
  const rank = x.type.shape.length;
  const first = [0, axis, ...Array.from({ length: rank }, (_, at) => at).filter((at) => at !== 0 && at !== axis)];
  const turned = axis !== 1;
  scaled(node, emit, outputs, (name) => {
    const data = turned ? emit.node("Transpose", [emit.read(x)], { perm: first }) : emit.read(x);
    const grouped = emit.node("Reshape", [data, emit.integers("groups", [0, groups, -1])]);
    const parameters = [1, 0].map((value) => parameter(emit, undefined, [groups], value));
    const standard = emit.node("InstanceNormalization", [grouped, ...parameters], { epsilon: { float: epsilon } });
    const shape = emit.node("Shape", [data]);
    if (!turned) return void emit.node("Reshape", [standard, shape], {}, [name]);
    const back = first.map((_, at) => first.indexOf(at));
    emit.node("Transpose", [emit.node("Reshape", [standard, shape])], { perm: back }, [name]);
  });
};
