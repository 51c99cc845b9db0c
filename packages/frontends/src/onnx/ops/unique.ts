import { elementCount, fromNumbers, numbersOf, type Tensor, zeros } from "@millrace/ir";

/** Equal slices of a tensor: where the first is, and how many there are. */
interface Group {
  readonly first: number;
  count: number;
}

/**
 * The different slices along `axis`, or the different elements as a vector without one, in ascending or in their first order; then int64
 * vectors: where each was first, which of the results every slice is, and how often each occurred.
 */
export function sortedUnique(tensor: Tensor, axis: number | undefined, isSorted: boolean): readonly Tensor[] {
  const shape = axis === undefined ? [tensor.data.length] : tensor.shape;
  const along = axis ?? 0;
  const slices = slicesOf(tensor, shape, along);
  const groups = new Map<string, Group>();
  const keys = slices.map((slice) => slice.join());
  for (const [index, key] of keys.entries()) {
    const group = groups.get(key);
    if (group) group.count++;
    else groups.set(key, { first: index, count: 1 });
  }
  const found = [...groups.values()];
  if (isSorted) found.sort((a, b) => compare(slices[a.first], slices[b.first]));
  const places = new Map(found.map(({ first }, index) => [keys[first], index]));
  const integers = (numbers: readonly number[]) => fromNumbers("i64", [numbers.length], numbers);
  return [
    pick(
      tensor,
      shape,
      along,
      found.map(({ first }) => first),
    ),
    integers(found.map(({ first }) => first)),
    integers(keys.map((key) => places.get(key)!)),
    integers(found.map(({ count }) => count)),
  ];
}

/** The elements with each index along the axis, in order. */
function slicesOf(tensor: Tensor, shape: readonly number[], axis: number): readonly (readonly number[])[] {
  const inner = elementCount(shape.slice(axis + 1));
  const slices = Array.from({ length: shape[axis] }, (): number[] => []);
  Array.from(numbersOf(tensor)).forEach((number, at) => {
    slices[Math.floor(at / inner) % shape[axis]].push(number);
  });
  return slices;
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((number, index) => number !== b[index]);
  return at < 0 ? 0 : a[at] < b[at] || Number.isNaN(b[at]) ? -1 : 1;
}

function pick({ dtype, data }: Tensor, shape: readonly number[], axis: number, indices: readonly number[]): Tensor {
  const result = zeros(dtype, shape.with(axis, indices.length));
  const inner = elementCount(shape.slice(axis + 1));
  for (let at = 0; at < result.data.length; at++) {
    const row = Math.floor(at / inner);
    const outer = Math.floor(row / indices.length);
    const source = (outer * shape[axis] + indices[row % indices.length]) * inner + (at % inner);
    result.data[at] = data[source];
  }
  return result;
}
