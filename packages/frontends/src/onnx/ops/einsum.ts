import { type Dimension, elementCount, type Shape, type Value } from "@millrace/ir";
import { mul, slice, sum, transpose } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { formulaOf } from "./formula.ts";
import { reshaped, weightedProduct } from "./weights.ts";

/** The label of each axis: a letter, or a number for those an ellipsis stands for, counted from its last. */
type Labels = readonly string[];

interface Labelled {
  readonly value: Value;
  readonly labels: Labels;
}

/**
 * A sum of products of any number of inputs, as `bij,jk->bik` names their axes: from left to right, each step a matrix product between
 * rearrangements, with axes summed as soon as nothing names them any more.
 */
function einsum(node: SourceNode): Value {
  const { terms, result } = parsed(node);
  const factors = fitted(
    terms.map((labels, index) => diagonal(node, { value: node.input(index), labels })),
    node,
  );
  const later = (index: number) => new Set([...result, ...factors.slice(index + 1).flatMap(({ labels }) => labels)]);
  const product = factors
    .slice(1)
    .reduce(
      (left, right, index) => multiplied(node, left, right, later(index + 1)),
      factors.length === 1 ? summed(node, factors[0], new Set(result)) : factors[0],
    );
  return arranged(node, product, result);
}

function parsed(node: SourceNode): { readonly terms: readonly Labels[]; readonly result: Labels } {
  const equation = node.attributes.text("equation").replaceAll(" ", "");
  const [left, right, ...rest] = equation.split("->");
  const sources = left.split(",");
  if (!/^[A-Za-z.,]*(->[A-Za-z.]*)?$/.test(equation) || rest.length > 0 || sources.length !== node.inputs.length)
    node.invalid(`equation is ${equation}, and it has ${node.inputs.length} inputs`);
  const letters = (term: string) => term.replace("...", "").length;
  const terms = sources.map((term, index) => labelsOf(node, term, node.shape(index).length - letters(term)));
  const widest = Math.max(0, ...terms.map((labels) => labels.filter(isEllipsis).length));
  const result =
    right === undefined ? implicitResult(terms, widest) : labelsOf(node, right, right.includes("...") ? widest : 0);
  return { terms, result };
}

const isEllipsis = (label: string) => label >= "0" && label <= "9";

/** An ellipsis stands for `hidden` axes. */
function labelsOf(node: SourceNode, term: string, hidden: number): Labels {
  const [before, after, ...rest] = term.split("...");
  if (hidden < 0 || (hidden > 0 && after === undefined) || rest.length > 0 || term.replace("...", "").includes("."))
    node.invalid(`its term ${term} does not name the axes there are`);
  return [...before, ...ellipsis(hidden), ...(after ?? "")];
}

function ellipsis(count: number): Labels {
  return Array.from({ length: count }, (_, index) => String(count - 1 - index));
}

/** Without an arrow the result has the axes of ellipses, and every letter that occurs once, in the order of the alphabet. */
function implicitResult(terms: readonly Labels[], widest: number): Labels {
  const letters = terms.flat().filter((label) => !isEllipsis(label));
  const once = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter));
  return [...ellipsis(widest), ...once.sort()];
}

/** The elements whose indices along axes of one label are equal: every (size + 1)th of the axes as one. */
function diagonal(node: SourceNode, { value, labels }: Labelled): Labelled {
  const twice = labels.find((label, index) => labels.indexOf(label) < index);
  if (twice === undefined) return { value, labels };
  const [first, second] = [labels.indexOf(twice), labels.lastIndexOf(twice)];
  const { shape } = value.type;
  const size = shape[first];
  if (typeof size === "string" || size !== shape[second])
    return node.invalid(`the label ${twice} names axes of sizes ${size} and ${shape[second]}`);
  const others = [...labels.keys()].filter((axis) => axis !== first && axis !== second);
  const sizes = others.map((axis) => shape[axis]);
  const turned = node.compute(transpose, [value], { permutation: [...others, first, second] });
  const flat = reshaped(node, turned, [...sizes, size * size]);
  const attributes = {
    starts: [...sizes, 0].map(() => 0),
    sizes: [...sizes, size],
    steps: [...sizes.map(() => 1), size + 1],
  };
  const picked = size === 0 ? flat : node.compute(slice, [flat], attributes);
  return diagonal(node, { value: picked, labels: [...others.map((axis) => labels[axis]), twice] });
}

/** Axes of size 1 that are wider in another factor are dropped, which repeats the factor along them. */
function fitted(factors: readonly Labelled[], node: SourceNode): readonly Labelled[] {
  const sizes = new Map<string, Dimension>();
  for (const { value, labels } of factors)
    for (const [axis, label] of labels.entries()) {
      const [known, size] = [sizes.get(label) ?? 1, value.type.shape[axis]];
      if (known !== 1 && size !== 1 && known !== size)
        node.invalid(`the label ${label} names axes of sizes ${known} and ${size}`);
      if (known === 1) sizes.set(label, size);
    }
  return factors.map(({ value, labels }) => {
    const { shape } = value.type;
    const kept = [...labels.keys()].filter((axis) => shape[axis] === sizes.get(labels[axis]));
    if (kept.length === labels.length) return { value, labels };
    return {
      value: reshaped(
        node,
        value,
        kept.map((axis) => shape[axis]),
      ),
      labels: kept.map((axis) => labels[axis]),
    };
  });
}

/** Sums over axes that are not named any more. */
function summed(node: SourceNode, { value, labels }: Labelled, named: ReadonlySet<string>): Labelled {
  const axes = [...labels.keys()].filter((axis) => !named.has(labels[axis]));
  if (axes.length === 0) return { value, labels };
  return {
    value: node.compute(sum, [value], { axes, keepDims: false }),
    labels: labels.filter((label) => named.has(label)),
  };
}

/** Axes beside those of matrices that every target multiplies along. */
const mostBatchAxes = 2;

/** The product of two factors, summed over the axes that `later` does not name. */
function multiplied(node: SourceNode, left: Labelled, right: Labelled, later: ReadonlySet<string>): Labelled {
  const a = summed(node, left, new Set([...later, ...right.labels]));
  const b = summed(node, right, new Set([...later, ...left.labels]));
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const [batch, depth] = [shared.filter((label) => later.has(label)), shared.filter((label) => !later.has(label))];
  const [rows, columns] = [a, b].map(({ labels }) => labels.filter((label) => !shared.includes(label)));
  const order = [...batch, ...rows, ...columns];
  const shape = [...sizesOf(a, [...batch, ...rows]), ...sizesOf(b, columns)];
  const matrix = (from: Labelled, first: Labels, second: Labels) => {
    const count = (labels: Labels) => elementCount(sizesOf(from, labels));
    const counts = batch.length > mostBatchAxes ? [count(batch)] : sizesOf(from, batch);
    return reshaped(node, arranged(node, from, [...batch, ...first, ...second]), [
      ...counts,
      count(first),
      count(second),
    ]);
  };
  const [leftMatrix, rightMatrix] = [matrix(a, rows, depth), matrix(b, depth, columns)];
  const isElementwise = depth.length === 0 && (rows.length === 0 || columns.length === 0);
  const product = isElementwise
    ? formulaOf(node)(mul, leftMatrix, rightMatrix)
    : weightedProduct(node, leftMatrix, rightMatrix);
  return { value: reshaped(node, product, shape), labels: order };
}

function sizesOf({ value, labels }: Labelled, wanted: Labels): Shape {
  return wanted.map((label) => value.type.shape[labels.indexOf(label)]);
}

function arranged(node: SourceNode, { value, labels }: Labelled, order: Labels): Value {
  const permutation = order.map((label) => labels.indexOf(label));
  if (permutation.includes(-1) || order.length !== labels.length || new Set(order).size < order.length)
    node.invalid("its equation names an axis of the result twice, or one that no input has");
  if (permutation.every((from, to) => from === to)) return value;
  return node.compute(transpose, [value], { permutation });
}

export const einsums: Readonly<Record<string, Importer>> = { Einsum: einsum };
