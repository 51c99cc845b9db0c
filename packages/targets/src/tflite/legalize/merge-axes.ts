import { elementCount, type Node, type Operator, reshapeTensor, type Shape, type Value } from "@millrace/ir";
import { operators, reshape } from "@millrace/ops";
import { edit, rewrite } from "@millrace/passes";
import { rankLimits } from "../rank-limits.ts";

const limits: ReadonlyMap<string, number> = new Map(
  rankLimits
    .filter(({ broadcast }) => broadcast)
    .flatMap(({ most, operators }) => operators.map(({ name }) => [name, most] as const)),
);

/** Runs of axes along which the same operands have one element for all; axes of one element join any run. */
function runsOf(shapes: readonly Shape[], result: Shape): readonly (readonly number[])[] {
  const runs: { kind: string; axes: number[] }[] = [];
  for (const [axis, size] of result.entries()) {
    const kind = size === 1 ? "" : shapes.map((shape) => Number(shape[axis] === 1)).join("");
    const last = runs.at(-1);
    if (last && (kind === "" || last.kind === "" || last.kind === kind)) {
      last.axes.push(axis);
      last.kind ||= kind;
    } else runs.push({ kind, axes: [axis] });
  }
  return runs.map(({ axes }) => axes);
}

function merged(node: Node): readonly Shape[] | undefined {
  const result = node.outputs[0].type.shape;
  const shapes = node.inputs.map((value) => {
    const sizes = value!.type.shape;
    return [...new Array<number>(result.length - sizes.length).fill(1), ...sizes];
  });
  const runs = runsOf(shapes, result);
  if (runs.length > limits.get(node.op.name)!) return undefined;
  return shapes.map((shape) => runs.map((axes) => elementCount(axes.map((axis) => shape[axis]))));
}

/** Operands of more axes than a kernel broadcasts are viewed with those merged that broadcast alike. */
export const mergeAxes = rewrite("tflite-merge-axes", {
  roots: [...limits.keys()].map((name): Operator => operators.get(name)!),
  find(node) {
    if (node.inputs.some((value) => value?.type.quantization?.axis !== undefined)) return undefined;
    if (node.outputs[0].type.shape.length <= limits.get(node.op.name)!) return undefined;
    const [first, ...others] = node.inputs.map((value) => `${value?.type.shape}`);
    return others.some((shape) => shape !== first) ? merged(node) : undefined;
  },
  replace(shapes, node, graph) {
    const { step, finish, constant } = edit(graph, node);
    const operands = (node.inputs as readonly Value[]).map((value, index) => {
      const shape = shapes[index];
      return value.constant
        ? constant(
            `operand${index}`,
            reshapeTensor(value.constant, shape as readonly number[]),
            value.type.quantization,
          )
        : step(reshape, [value], { shape }, value.type);
    });
    const [result] = node.outputs;
    finish(reshape, [step(node.op, operands, node.attributes, result.type)], { shape: result.type.shape });
  },
});
