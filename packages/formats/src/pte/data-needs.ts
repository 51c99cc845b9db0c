import type { Trail } from "../flatbuffer/trail.ts";
import { tensorBytes } from "./tensor-bytes.ts";
import type { PteMethodDraft, PteValueDraft } from "./types.ts";

type TensorDraft = Extract<PteValueDraft, { readonly kind: "Tensor" }>;

/** Something for each list of data that tensors refer to: the constants, and the lists of first states. */
export interface DataLists<T> {
  readonly constants: T;
  readonly mutableData: readonly T[];
}

/** By index into a list of data: how many bytes the largest tensor with this data has. */
export type DataNeeds = Map<number, number>;

/**
 * What the tensors of all methods need of lists with these numbers of entries. Fails with `malformed` or `index-out-of-range` where a
 * tensor is malformed or refers to no entry.
 */
export function dataNeeds(
  methods: readonly PteMethodDraft[],
  counts: DataLists<number>,
  trail: Trail,
): DataLists<DataNeeds> {
  const needs = { constants: new Map(), mutableData: counts.mutableData.map((): DataNeeds => new Map()) };
  trail.each("methods", methods, ({ values }) => {
    trail.each("values", values, (value) => {
      if (value.kind === "Tensor") noteTensor(value, counts, needs, trail);
    });
  });
  return needs;
}

function noteTensor(tensor: TensorDraft, counts: DataLists<number>, needs: DataLists<DataNeeds>, trail: Trail): void {
  const bytes = tensorBytes(tensor, trail);
  const { dataBufferIdx: index = 0, allocationInfo, extraTensorInfo } = tensor;
  if (index === 0 || extraTensorInfo?.location === "EXTERNAL") return;
  const list = Number(extraTensorInfo?.mutableDataSegmentsIdx ?? 0n);
  const [name, count, known] =
    allocationInfo === undefined
      ? ["constants", counts.constants, needs.constants]
      : [`mutableData[${list}]`, counts.mutableData[list] ?? 0, needs.mutableData[list]];
  if (index >= count) {
    const hint = "dataBufferIdx is an index into the program's data, or 0 for none";
    trail.fail("index-out-of-range", `dataBufferIdx is ${index}, but there are ${count} ${name}`, hint);
  }
  if (bytes !== undefined) known!.set(index, Math.max(bytes, known!.get(index) ?? 0));
}
