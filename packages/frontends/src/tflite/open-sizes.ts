import type { Tensor as StoredTensor, SubGraph } from "@millrace/formats/tflite";
import { fail, type Shape } from "@millrace/ir";

/** The name of the first size of all inputs whose file leaves it open; files have no names for sizes. */
const batch = "batch";

/** Sizes that a file's inputs take in the place of its own. */
export interface SizeOptions {
  /** Whether a `batch` that the file leaves open stays open. */
  readonly open?: boolean;
  /** Sizes of open dimensions by name; there is none but `batch`. */
  readonly dimensions?: ReadonlyMap<string, number>;
  /** Whole shapes of inputs by name. */
  readonly shapes?: ReadonlyMap<string, readonly number[]>;
}

const leavesBatchOpen = ({ shapeSignature }: StoredTensor) => shapeSignature?.[0] === -1;

/** The shape of an input: the one given, or the file's with the batch given or open. Throws `tflite.unknown-shape`. */
export function inputShape(stored: StoredTensor, name: string, { open, dimensions, shapes }: SizeOptions): Shape {
  const given = shapes?.get(name);
  if (given && given.length !== stored.shape.length)
    fail("tflite.unknown-shape", `The input "${name}" has ${stored.shape.length} axes, not ${given.length}.`, {
      at: { value: name },
      hint: "Give one size for each axis.",
    });
  if (given || !leavesBatchOpen(stored)) return given ?? stored.shape;
  const first = dimensions?.get(batch) ?? (open ? batch : stored.shape[0]);
  return (stored.shape as Shape).with(0, first);
}

/** Throws `tflite.unknown-input` or `tflite.unknown-dimension` for sizes that no input of these names has. */
export function checkSizes(subgraph: SubGraph, names: readonly string[], { dimensions, shapes }: SizeOptions): void {
  for (const name of shapes?.keys() ?? [])
    if (!names.includes(name))
      fail("tflite.unknown-input", `A shape is given for "${name}", which is not an input.`, {
        hint: `The inputs are ${names.join(", ")}.`,
      });
  const known = subgraph.inputs.some((index) => leavesBatchOpen(subgraph.tensors[index])) ? [batch] : [];
  for (const name of dimensions?.keys() ?? [])
    if (!known.includes(name))
      fail("tflite.unknown-dimension", `A size is given for the dimension "${name}", which no input has.`, {
        hint: `${known.length === 0 ? "No dimension has a name" : `The open dimension is ${batch}`}; give other sizes with a whole shape.`,
      });
}

/** The sizes that a file has for what stays open; undefined if other sizes are given than the file's. */
export function fileSizes(
  { inputs, tensors }: SubGraph,
  { open, dimensions, shapes }: SizeOptions,
): ReadonlyMap<string, number> | undefined {
  if ((dimensions?.size ?? 0) + (shapes?.size ?? 0) > 0) return undefined;
  const [first] = open ? inputs.map((index) => tensors[index]).filter(leavesBatchOpen) : [];
  return new Map(first ? [[batch, first.shape[0]]] : []);
}
