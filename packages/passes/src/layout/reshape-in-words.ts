import type { Node, Shape } from "@millrace/ir";

/** Names of the four axes of image-like data. */
export function nameAxes(layout: "first" | "last"): readonly string[] {
  return layout === "first" ? ["batch", "channels", "height", "width"] : ["batch", "height", "width", "channels"];
}

/** What a reshape does to the axes that `names` names, which are those before or those after it; completes "which …". */
export function reshapeInWords({ inputs, outputs }: Node, names: readonly string[], named: "before" | "after"): string {
  const [from, to] = [inputs[0]!.type.shape, outputs[0].type.shape];
  const [own, other] = named === "before" ? [from, to] : [to, from];
  const axes = changedAxes(own, other).map((axis) => names[axis]);
  if (axes.length > 1)
    return named === "before" ? `merges ${joined(axes, "with")}` : `splits off ${joined(axes, "from")}`;
  return axes.length === 1 ? `divides ${axes[0]}` : "depends on the order of axes";
}

/** Axes of `own` with more than one index between the sizes at both ends that `other` has too. */
function changedAxes(own: Shape, other: Shape): readonly number[] {
  const shorter = Math.min(own.length, other.length);
  let [start, end] = [0, 0];
  while (start < shorter && own[start] === other[start]) start++;
  while (end < shorter - start && own[own.length - 1 - end] === other[other.length - 1 - end]) end++;
  return own.flatMap((size, axis) => (axis >= start && axis < own.length - end && size !== 1 ? axis : []));
}

/** Such as "channels with height and width". */
function joined([first, ...rest]: readonly string[], word: string): string {
  const last = rest.at(-1);
  return `${first} ${word} ${rest.length > 1 ? `${rest.slice(0, -1).join(", ")} and ${last}` : last}`;
}
