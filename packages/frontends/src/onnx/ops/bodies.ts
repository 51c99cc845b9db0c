import type { OnnxValueInfo } from "@millrace/formats/onnx";
import { allocate, tensorOf, type Value } from "@millrace/ir";
import type { Item } from "../scope.ts";
import { Sequence } from "../sequence.ts";
import type { SourceNode } from "../source-node.ts";
import type { Result } from "../surroundings.ts";
import { stackedAlong } from "./steps.ts";

/** A result as an input of the next step. */
export function itemOf(result: Result): Item | undefined {
  return result === "absent" ? undefined : result;
}

/** A result of a body that has to be a tensor. */
export function tensorIn(node: SourceNode, result: Result | undefined): Value {
  if (result === undefined || result === "absent" || result instanceof Sequence)
    return node.invalid("its graph gives a sequence, an optional or nothing where it should give a tensor");
  return result;
}

/** What all steps gave to one result, along a new axis. Of no steps at all only the declared type tells the shape. */
export function collection(node: SourceNode, items: readonly Value[], declared: OnnxValueInfo, axis: number): Value {
  if (items.length > 0) return stackedAlong(node, items, node.axis(axis, items[0].type.shape.length + 1));
  const { elementType, shape } = declared.type?.tensor ?? { elementType: 0 };
  const sizes = shape?.dims.map(({ value }) => value ?? -1);
  if (sizes === undefined || sizes.includes(-1))
    return node.unsupported(
      "it does no step, and does not say what a step would give",
      "State the shape of its results.",
    );
  const dtype = node.elementType(elementType);
  return node.constant(tensorOf(dtype, sizes.toSpliced(node.axis(axis, sizes.length + 1), 0, 0), allocate(dtype, 0)));
}
