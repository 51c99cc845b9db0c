import type { Dimension, Shape } from "@millrace/ir";

/** A run of axes before a reshape and the run after it that holds the same elements. */
interface Group {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** Splits a reshape into the smallest independent groups of axes, or undefined where sizes are not all known. */
function groupsOf(before: Shape, after: Shape): readonly Group[] | undefined {
  const groups: Group[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const group = { before: [] as number[], after: [] as number[] };
    if (i < before.length && before[i] === after[j]) {
      groups.push({ before: [i++], after: [j++] });
      continue;
    }
    let [left, right] = [1, 1];
    do {
      const takeLeft = i < before.length && (left <= right || j >= after.length);
      const size: Dimension | undefined = takeLeft ? before[i] : after[j];
      if (typeof size !== "number" || size === 0) return undefined;
      if (takeLeft) {
        left *= size;
        group.before.push(i++);
      } else {
        right *= size;
        group.after.push(j++);
      }
    } while (left !== right || (i < before.length && before[i] === 1 && group.before.length === 0));
    groups.push(group);
  }
  return groups;
}

/**
 * A reshape from `before` to `after` done on data permuted by `permutation`: the shape to give the permuted data, and the
 * permutation of the result. Undefined where the permutation tears apart axes that the reshape merges.
 */
export function reshapePermuted(
  before: Shape,
  after: Shape,
  permutation: readonly number[],
): { readonly shape: Shape; readonly permutation: readonly number[] } | undefined {
  const groups = groupsOf(before, after);
  if (groups === undefined) return undefined;
  const moved = groups.map((group) => {
    const sized = group.before.filter((axis) => before[axis] !== 1);
    const positions = (sized.length > 0 ? sized : group.before).map((axis) => permutation.indexOf(axis));
    return { ...group, positions };
  });
  const torn = moved.some(({ positions }) =>
    positions.some((at, index) => index > 0 && !follows(positions[index - 1], at, permutation, before)),
  );
  if (torn) return undefined;
  const ordered = moved
    .map((group, index) => ({
      ...group,
      key:
        group.positions[0] ??
        moved.slice(0, index).findLast(({ positions }) => positions.length > 0)?.positions[0] ??
        -1,
    }))
    .sort((a, b) => a.key - b.key);
  const result = ordered.flatMap(({ after }) => after);
  return { shape: result.map((axis) => after[axis]), permutation: result };
}

/** Whether only axes of size 1 lie between two positions of the permuted data. */
function follows(first: number, second: number, permutation: readonly number[], before: Shape): boolean {
  if (second <= first) return false;
  return permutation.slice(first + 1, second).every((axis) => before[axis] === 1);
}

/**
 * The shape that lets an operand of data in the shape `before` broadcast to them in the shape `after` as well; undefined where a reshape
 * merges or splits axes that it has some of.
 */
export function reshapedOperand(operand: Shape, before: Shape, after: Shape): Shape | undefined {
  const sizes = [...new Array<Dimension>(before.length - operand.length).fill(1), ...operand];
  const shapes = groupsOf(before, after)?.map((group) => {
    if (group.before.every((axis) => sizes[axis] === before[axis])) return group.after.map((axis) => after[axis]);
    return group.before.every((axis) => sizes[axis] === 1) ? group.after.map(() => 1) : undefined;
  });
  if (!shapes?.every((shape) => shape !== undefined)) return undefined;
  const shape = shapes.flat();
  const spare = Math.max(0, shape.length - operand.length);
  return shape.slice(0, spare).every((size) => size === 1) ? shape.slice(spare) : shape;
}
