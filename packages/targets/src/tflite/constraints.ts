import {
  bodiesOf,
  type Diagnostic,
  type DType,
  type Graph,
  isFloat,
  isStatic,
  type Node,
  numbersOf,
  type Value,
} from "@millrace/ir";
import * as ops from "@millrace/ops";
import { isStored } from "./element-types.ts";
import { isNamedClamp } from "./legalize/activations.ts";
import { isNearestForm } from "./legalize/images.ts";
import type { Lowering, Unsupported } from "./lowering.ts";
import { openSizeConstraints } from "./open-sizes.ts";
import { lowerings } from "./ops.ts";
import { croppingName, paddingName, windowOf } from "./padding.ts";
import { quantizationConstraints } from "./quantized-constraints.ts";
import { rankLimits } from "./rank-limits.ts";
import { stateProblems } from "./states.ts";
import { volumePaddingName } from "./volumes.ts";

/** What must hold of a node of one of the operators (of any without them) to be written, as the end of "TFLite needs that …". */
export interface Constraint {
  readonly operators?: readonly { readonly name: string }[];
  readonly sentence: string | ((node: Node) => string);
  readonly hint: string;
  holds(node: Node): boolean;
}

const elementTypes: readonly DType[] = ["f32", "i4", "i8", "i16", "i32", "i64", "u8", "u32", "u64", "bool"];
/** What casts take as well. */
const castTypes: readonly DType[] = ["f16", "bf16", "i2", "u4", "u16"];

const constraints: readonly Constraint[] = [
  ...openSizeConstraints,
  {
    sentence: "its operands and results are 32-bit floats, integers of 4, 8, 16, 32 or 64 bits, or truth values",
    hint: "Convert the model to float32 first.",
    holds: ({ op, inputs, outputs }) =>
      [...inputs, ...outputs].every(
        (value) =>
          !value ||
          elementTypes.includes(value.type.dtype) ||
          (op === ops.cast && castTypes.includes(value.type.dtype)),
      ),
  },
  {
    sentence: "image-like data is channel-last",
    hint: "Run the layout passes for channel-last data before.",
    holds: ({ attributes }) => attributes["layout"] !== "first",
  },
  {
    operators: [ops.conv2d, ops.averagePool2d, ops.l2Pool2d, ops.maxPool2d],
    sentence: "padding is SAME or VALID; here a mean over integers has other padding",
    hint: "Pool with even padding, or count the padding in the mean.",
    holds: (node) => !windowOf(node) || paddingName(node) !== undefined,
  },
  {
    operators: [ops.conv3d, ops.transposeConv3d],
    sentence: "the padding of volumes is SAME or VALID",
    hint: "Pad the data in an operator of its own before it.",
    holds: (node) => volumePaddingName(node) !== undefined,
  },
  {
    operators: [ops.maxPool2d],
    sentence: "no window of a dilated maximum covers padding alone",
    hint: "Use less padding, so that each window covers an element of the data.",
    holds: (node) => ops.maxPool2d.attributesOf(node).dilation.every((step) => step === 1),
  },
  {
    operators: [ops.atan2],
    sentence: "both operands have one shape",
    hint: "Expand the smaller operand before it.",
    holds: ({ inputs }) => !differ(inputs),
  },
  {
    operators: [ops.gather, ops.gatherNd],
    sentence: "constant indices are within the data",
    hint: "Correct the indices in the model: they read what is not there.",
    holds(node) {
      const { data, indices } = ops.gather.inputsOf(node);
      const first = node.op === ops.gather ? ops.gather.attributesOf(node).axis : 0;
      const depth = node.op === ops.gather ? 1 : (indices.type.shape.at(-1) as number);
      const sizes = data.type.shape.slice(first, first + depth) as readonly number[];
      const numbers = indices.constant ? Array.from(numbersOf(indices.constant)) : [];
      return numbers.every((index, at) => index >= 0 && index < sizes[at % sizes.length]);
    },
  },
  {
    operators: [ops.localResponseNormalization],
    sentence: "a response is normalized by one channel less after it than before it",
    hint: "Write the normalization with simple operators in the model.",
    holds(node) {
      const { before, after } = ops.localResponseNormalization.attributesOf(node);
      return after === before - 1;
    },
  },
  {
    operators: [ops.transposeConv2d],
    sentence: "a transposed convolution with groups or a dilation has constant weights",
    hint: "Make the weights constants of the model.",
    holds(node) {
      const { groups, dilation } = ops.transposeConv2d.attributesOf(node);
      return groups === 1 && dilation.every((step) => step === 1);
    },
  },
  {
    operators: [ops.transposeConv2d],
    sentence: "a transposed convolution goes beyond its full result by less than a stride",
    hint: "Pad the result instead.",
    holds: (node) => !windowOf(node) || croppingName(node) !== undefined,
  },
  {
    operators: [ops.resize],
    sentence: "nearest resizing is asymmetric with floor, or centred or aligned with halves rounded up",
    hint: "Give the model's inputs fixed shapes, so that the elements can be picked by index.",
    holds: (node) => ops.resize.attributesOf(node).mode === "bilinear" || isNearestForm(ops.resize.attributesOf(node)),
  },
  {
    operators: [ops.depthToSpace, ops.spaceToDepth],
    sentence: "blocks are in depth-first order",
    hint: "Give the model's inputs fixed shapes, so that the channels can be put in order.",
    holds: ({ attributes }) => attributes["order"] === "depthFirst",
  },
  {
    operators: [ops.clamp],
    sentence: "a clamp is one of 0 and above, 0 to 6, -1 to 1 and, for floats, 0 to 1",
    hint: "Give the model's inputs fixed shapes.",
    holds: isNamedClamp,
  },
  {
    operators: [ops.elu],
    sentence: "an ELU of 16-bit integers falls to -1",
    hint: "Keep this layer in float, or use an ELU with an alpha of 1.",
    holds: (node) => ops.elu.attributesOf(node).alpha === 1,
  },
  {
    operators: [ops.argMax, ops.argMin],
    sentence: "the axis of an index of an extreme is dropped",
    hint: "Give the model's inputs fixed shapes.",
    holds: ({ attributes }) => attributes["keepDims"] !== true,
  },
  {
    operators: [ops.topK],
    sentence: "the greatest elements are those along the last axis",
    hint: "Transpose the data before it, so that this axis comes last.",
    holds: (node) => ops.topK.attributesOf(node).axis === node.outputs[0].type.shape.length - 1,
  },
  {
    operators: [ops.pad],
    sentence: "padding is a number or mirrored data",
    hint: "Give the model's inputs fixed shapes.",
    holds: (node) => ops.pad.attributesOf(node).mode !== "edge",
  },
  {
    operators: [ops.cast],
    sentence: "quantized data is cast to other integers only: it is the stored integers that would be",
    hint: "Use quantize or dequantize instead.",
    holds: ({ inputs: [x], outputs: [y] }) => !y.type.quantization && !(x?.type.quantization && isFloat(y.type.dtype)),
  },
  ...rankLimits.map(
    ({ most, broadcast, operators }): Constraint => ({
      operators,
      sentence: `its operands${broadcast ? ", where their shapes differ," : ""} have at most ${most} axes`,
      hint: "Merge axes of the data with a reshape before it.",
      holds: ({ inputs, outputs }) => (broadcast && !differ(inputs)) || outputs[0].type.shape.length <= most,
    }),
  ),
  ...quantizationConstraints,
];

function differ([first, ...others]: readonly (Value | undefined)[]): boolean {
  return others.some((value) => `${value?.type.shape}` !== `${first?.type.shape}`);
}

/** Everything in a graph that can't be written: operators TFLite lacks, and constraints that are not kept. */
export function tfliteProblems(graph: Graph): readonly Diagnostic[] {
  const open = graph.states.length > 0 ? graph.inputs.filter(({ type }) => !isStatic(type.shape)).map(openInput) : [];
  const unstored = graph.inputs.filter(({ type }) => !isStored(type.dtype)).map(unstoredInput);
  return [...open, ...unstored, ...stateProblems(graph), ...[...graph.nodes()].flatMap(nodeProblems)];
}

function openInput({ name, type }: Value): Diagnostic {
  return {
    code: "tflite.inexpressible",
    severity: "error",
    message: `Input ${name} of shape [${type.shape}] can't be written: TFLite needs that every size is known where states are kept.`,
    at: { value: name },
    hint: "Give the open dimensions a size, as in --dim NAME=1.",
  };
}

function unstoredInput({ name, type }: Value): Diagnostic {
  return {
    code: "tflite.inexpressible",
    severity: "error",
    message: `Input ${name} can't be written: TFLite has no elements of the type ${type.dtype}.`,
    at: { value: name },
    hint: "Give the model's inputs another type, such as uint8.",
  };
}

function nodeProblems(node: Node): readonly Diagnostic[] {
  const lowering: Lowering | Unsupported = lowerings[node.op.name as ops.OpName];
  const of = { severity: "error", at: { node: node.name } } as const;
  if ("unsupported" in lowering) {
    const message = `${node.name} (${node.op.name}) can't be written: ${lowering.unsupported}.`;
    return [{ code: "tflite.unsupported-operator", message, hint: "Replace the layer in the model.", ...of }];
  }
  const within = bodiesOf(node.attributes).flatMap(([, body]) => tfliteProblems(body));
  const broken = constraints
    .filter(({ operators, holds }) => (operators === undefined || operators.includes(node.op)) && !holds(node))
    .map(({ sentence, hint }) => {
      const needed = typeof sentence === "string" ? sentence : sentence(node);
      const message = `${node.name} (${node.op.name}) can't be written: TFLite needs that ${needed}.`;
      return { code: "tflite.inexpressible", message, hint, ...of };
    });
  return [...within, ...broken];
}
