import type { Argument, Node, TensorMeta } from "@millrace/formats/pt2";
import type { PteTensor } from "@millrace/formats/pte";
import { invertPermutation, isIdentityPermutation, permute, stridesOf } from "@millrace/ir";
import { noMetadata, tensorArgument } from "./flow-nodes.ts";

/** A tensor that a node reads or writes, with its axes from the outermost in memory to the innermost. */
export interface OrderedTensor {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly dimOrder: readonly number[];
}

/** Which tensors stand where: programs may have several for the same bytes, of which only one is written. */
export class MemoryPlaces {
  readonly #holders = new Map<string, number>();

  /** Notes that a tensor has contents now. */
  write(index: number, tensor: PteTensor): void {
    const place = placeOf(tensor);
    if (place !== undefined) this.#holders.set(place, index);
  }

  /** The tensor of as many elements of the same type that was written last at a tensor's place. */
  holderOf(tensor: PteTensor): number | undefined {
    const place = placeOf(tensor);
    return place === undefined ? undefined : this.#holders.get(place);
  }
}

/** Elements from one index of an axis to the next. */
export function stridesIn({ sizes, dimOrder }: Pick<OrderedTensor, "sizes" | "dimOrder">): readonly number[] {
  return permute(stridesOf(permute(sizes, dimOrder)), invertPermutation(dimOrder));
}

function placeOf({ allocationInfo, scalarType, sizes }: PteTensor): string | undefined {
  if (!allocationInfo) return undefined;
  const { memoryId, memoryOffsetLow, memoryOffsetHigh } = allocationInfo;
  const count = sizes.reduce((product, size) => product * size, 1);
  return [memoryId, memoryOffsetHigh, memoryOffsetLow, scalarType, count].join(" ");
}

/** Makes the nodes that show the bytes of one tensor as another, or as they stand in memory. */
export class MemoryViews {
  readonly #types: Map<string, TensorMeta>;

  /** `types` of the program's tensors get those of the steps between. */
  constructor(types: Map<string, TensorMeta>) {
    this.#types = types;
  }

  /** Nodes that make `to`, which has the bytes of `from`. */
  between(from: OrderedTensor, to: OrderedTensor): readonly Node[] {
    const stored = this.stored(from, `${to.name}_source`);
    const shown = this.unstored(to, `${to.name}_stored`);
    const sizes = permute(to.sizes, to.dimOrder);
    const argument = { kind: "ints", values: sizes } as const;
    const reshaped = node("view_copy", stored.name, "size", argument, shown.name);
    return [...stored.nodes, reshaped, ...shown.nodes];
  }

  /** A tensor with its axes as they stand in memory. */
  stored(tensor: OrderedTensor, name: string): { readonly name: string; readonly nodes: readonly Node[] } {
    if (isIdentityPermutation(tensor.dimOrder)) return { name: tensor.name, nodes: [] };
    this.#declare(tensor, name);
    const argument = { kind: "ints", values: tensor.dimOrder } as const;
    return { name, nodes: [node("permute_copy", tensor.name, "dims", argument, name)] };
  }

  /** The name of what has its axes as they stand in memory and nodes that make the tensor of it. */
  unstored(tensor: OrderedTensor, name: string): { readonly name: string; readonly nodes: readonly Node[] } {
    if (isIdentityPermutation(tensor.dimOrder)) return { name: tensor.name, nodes: [] };
    this.#declare(tensor, name);
    const argument = { kind: "ints", values: invertPermutation(tensor.dimOrder) } as const;
    return { name, nodes: [node("permute_copy", name, "dims", argument, tensor.name)] };
  }

  #declare({ name, sizes, dimOrder }: OrderedTensor, stored: string): void {
    const meta = this.#types.get(name)!;
    const ordered = permute(sizes, dimOrder);
    this.#types.set(stored, { ...meta, sizes: ordered, strides: stridesOf(ordered) });
  }
}

function node(operator: string, source: string, name: string, value: Argument, result: string): Node {
  const inputs = [
    { name: "self", value: tensorArgument(source) },
    { name, value },
  ];
  const target = `torch.ops.aten.${operator}.default`;
  return { target, inputs, outputs: [tensorArgument(result)], metadata: noMetadata };
}
