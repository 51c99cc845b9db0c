import { elementCount, isIdentityPermutation, type Node, permute, type Transposed, type Value } from "@millrace/ir";
import { reshape, transpose } from "@millrace/ops";
import { composePermutations, movesNothing, type Permuter } from "./permuted-value.ts";

/** A value that is to be read in another order of axes. */
export interface Reordered {
  readonly value: Value;
  readonly permutation: readonly number[];
}

/** What moving a node to permuted data changes at its inputs. */
export interface InputBalance {
  /** What the transposes of inputs cost that vanish. */
  readonly saved: number;
  /** Inputs that need a transpose and were read without one, each once. */
  readonly reordered: readonly Reordered[];
}

/** Transposes that `permuter` knows of are not needed again. */
export function inputBalance(node: Node, moved: Transposed, permuter?: Permuter): InputBalance {
  let saved = 0;
  const reordered = new Map<Value, Reordered>();
  node.inputs.forEach((value, index) => {
    const permutation = moved.inputs[index];
    if (value === undefined || permutation === undefined || value.constant) return;
    const earlier = value.producer?.op === transpose ? value.producer : undefined;
    const whole = earlier ? composePermutations(transpose.attributesOf(earlier).permutation, permutation) : permutation;
    if (isIdentityPermutation(whole)) saved += transposeCost(value);
    else if (!earlier && !permuter?.gives(value, permutation)) reordered.set(value, { value, permutation });
  });
  return { saved, reordered: [...reordered.values()] };
}

/** What transposes cost that put results back in their old order. What all readers undo anyway counts as saved. */
export function outputCost(node: Node, moved: Transposed): number {
  return node.outputs.reduce((sum, value, index) => {
    const permutation = moved.outputs[index];
    if (permutation === undefined) return sum;
    const undone = isReadOnlyBy(value, (user) => transposes(user, permutation));
    return sum + (undone ? -1 : 1) * movedElements({ value, permutation });
  }, 0);
}

export function isReadOnlyBy(value: Value, test: (user: Node) => boolean): boolean {
  for (const { user } of value.uses) if (!test(user)) return false;
  return value.uses.size > 0;
}

/** Whether a node is the transpose by `permutation`. */
export function transposes({ op, attributes }: Node, permutation: readonly number[]): boolean {
  return op === transpose && (attributes["permutation"] as readonly number[]).join() === permutation.join();
}

/** What a transpose costs: nothing where a reshape does the same. */
export function movedElements({ value, permutation }: Reordered): number {
  return movesNothing(value.type.shape, permutation) ? 0 : transposeCost(value);
}

/** The elements to move and one more, so that fewer transposes cost less than more of them; elements that are not known count as one. */
function transposeCost({ type }: Value): number {
  const count = elementCount(type.shape);
  return 1 + (typeof count === "number" ? count : 1);
}

/** The node on permuted data, if it has such a form and stays channel-first or channel-last, as the layout passes have decided. */
export function permutedForm(node: Node, permutation: readonly number[]): Transposed | undefined {
  const moved = node.op === transpose ? undefined : node.op.transposed(node.inputs, node.attributes, permutation);
  return moved?.attributes["layout"] === node.attributes["layout"] ? moved : undefined;
}

/** The form of a node that gives one of its results in another order; undefined where results have other axes than the data. */
export function formGiving({ value, permutation }: Reordered): Transposed | undefined {
  const node = value.producer;
  if (node?.op === reshape) return reshapeGiving(node, permutation);
  const moved = node && permutedForm(node, permutation);
  const data = node?.inputs.find((input, index) => input && !input.constant && moved?.inputs[index]);
  if (node === undefined || data?.type.shape.length !== permutation.length) return undefined;
  return moved?.outputs[node.outputs.indexOf(value)]?.join() === permutation.join() ? moved : undefined;
}

/** The reshape back, on permuted data, tells how the data of this one has to be permuted. */
function reshapeGiving({ op, inputs, outputs }: Node, permutation: readonly number[]): Transposed | undefined {
  const [before, after] = [inputs[0]!.type.shape, outputs[0].type.shape];
  const [data] = op.transposed(outputs, { shape: before }, permutation)?.outputs ?? [];
  return data && { attributes: { shape: permute(after, permutation) }, inputs: [data], outputs: [permutation] };
}
