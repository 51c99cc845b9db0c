import type { SparsityParameters } from "@millrace/formats/tflite";
import { allocate, elementCount, fail, stridesOf, type Tensor } from "@millrace/ir";

type Metadata = NonNullable<SparsityParameters["dimMetadata"]>[number];
type IndexVector = Metadata["arraySegments"];

/** How many numbers a sparse tensor may stand for: some always, and so many more for each that it stores. */
const freeElements = 2 ** 20;
const mostSparse = 64;

/** One axis of the stored order: how many indices it has, and how far apart they are in the dense tensor. */
interface Level {
  readonly metadata: Metadata;
  readonly size: number;
  readonly stride: number;
}

/** Where a stored number belongs, and its place among those of its level. */
interface Place {
  readonly offset: number;
  readonly index: number;
}

/**
 * The dense form of a tensor of which a file stores some numbers only, in the order that its parameters tell: axes in turn, then
 * blocks within them, each either whole or as compressed rows. `values` are the stored numbers in a row. The work is linear in
 * the dense tensor. Throws `tflite.sparsity` for parameters that contradict themselves, the shape or the numbers.
 */
export function densify(values: Tensor, sparsity: SparsityParameters, shape: readonly number[], name: string): Tensor {
  const count = elementCount(shape);
  if (count > freeElements + mostSparse * values.data.length)
    refuse(name, "it stands for far more numbers than it has");
  let places: readonly Place[] = [{ offset: 0, index: 0 }];
  for (const level of levelsOf(sparsity, shape, name)) {
    places =
      level.metadata.format === "DENSE" ? everyIndex(level, places, count) : storedIndices(level, places, count, name);
    if (places.length > count) refuse(name, "it stores more numbers than the tensor has");
  }
  const data = allocate(values.dtype, count) as Float32Array;
  for (const { offset, index } of places) {
    if (index >= values.data.length) refuse(name, `it has only ${values.data.length} numbers`);
    data[offset] = values.data[index] as number;
  }
  return { dtype: values.dtype, shape, data };
}

function levelsOf(sparsity: SparsityParameters, shape: readonly number[], name: string): readonly Level[] {
  const { traversalOrder = [], blockMap = [], dimMetadata = [] } = sparsity;
  const rank = shape.length;
  const levels = rank + blockMap.length;
  const known = new Set(traversalOrder.filter((axis) => axis >= 0 && axis < levels));
  if (known.size !== levels || traversalOrder.length !== levels || dimMetadata.length !== levels)
    refuse(name, "its axes are not all stored once");
  if (!blockMap.every((axis) => axis >= 0 && axis < rank))
    refuse(name, "it has blocks along an axis that is not there");
  const blocks = new Array<number>(rank).fill(1);
  traversalOrder.forEach((axis, level) => {
    if (axis >= rank) blocks[blockMap[axis - rank]] *= dimMetadata[level].denseSize;
  });
  const strides = stridesOf(shape);
  return traversalOrder.map((axis, level) => {
    const metadata = dimMetadata[level];
    const own = axis < rank ? axis : blockMap[axis - rank];
    const size = axis < rank ? shape[axis] / blocks[axis] : metadata.denseSize;
    const fits = Number.isInteger(size) && size >= 0 && (metadata.format !== "DENSE" || metadata.denseSize === size);
    if (!fits) refuse(name, `its blocks don't fit axis ${own}`);
    return { metadata, size, stride: axis < rank ? strides[axis] * blocks[axis] : strides[own] };
  });
}

/** Stops where there are more places than `most`. */
function everyIndex({ size, stride }: Level, places: readonly Place[], most: number): readonly Place[] {
  const found: Place[] = [];
  for (const { offset, index } of places) {
    for (let at = 0; at < size && found.length <= most; at++)
      found.push({ offset: offset + at * stride, index: index * size + at });
  }
  return found;
}

function storedIndices(
  { metadata, size, stride }: Level,
  places: readonly Place[],
  most: number,
  name: string,
): readonly Place[] {
  const [segments, indices] = [metadata.arraySegments, metadata.arrayIndices].map(numbersIn);
  const found: Place[] = [];
  for (const { offset, index } of places) {
    const [from, to] = [segments[index] ?? -1, segments[index + 1] ?? -1];
    if (from < 0 || to < from || to > indices.length) refuse(name, "its rows of indices are out of bounds");
    for (let at = from; at < to && found.length <= most; at++) {
      const place = indices[at];
      if (!(place >= 0 && place < size)) refuse(name, `index ${place} is out of bounds`);
      found.push({ offset: offset + place * stride, index: at });
    }
  }
  return found;
}

function numbersIn(vector: IndexVector): ArrayLike<number> {
  return vector?.values ?? [];
}

function refuse(name: string, why: string): never {
  fail("tflite.sparsity", `The sparse tensor "${name}" is damaged: ${why}.`, {
    at: { value: name },
    hint: "The file is damaged; export it again, or export dense weights.",
  });
}
