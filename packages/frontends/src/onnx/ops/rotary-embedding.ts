import type { Value } from "@millrace/ir";
import { add, concat, gather, mul, slice, split, sub } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { formulaOf } from "./formula.ts";
import { reshaped } from "./weights.ts";

/** Data with an axis for the heads, which stands at `headAxis`: 1 if the source has it, else 2. */
interface Heads {
  readonly x: Value;
  readonly headAxis: 1 | 2;
  readonly size: number;
}

function headsOf(node: SourceNode): Heads {
  const x = node.input(0);
  const { shape } = x.type;
  const last = shape.at(-1);
  if (typeof last !== "number") return node.unsupported(`the size ${last} of a head is open`, `Give ${last}.`);
  if (shape.length === 4) return { x, headAxis: 1, size: last };
  const heads = node.attributes.integer("num_heads", 0);
  if (shape.length !== 3 || heads <= 0 || last % heads !== 0)
    return node.invalid(`its data [${shape}] can't be parted among ${heads} heads`);
  return { x: reshaped(node, x, [...shape.slice(0, 2), heads, last / heads]), headAxis: 2, size: last / heads };
}

/** Rotates pairs of numbers of each head by angles whose cosines and sines are given: for each position, or in a table by position. */
function rotaryEmbedding(node: SourceNode): Value {
  const { attributes } = node;
  const { x, headAxis, size } = headsOf(node);
  const width = attributes.integer("rotary_embedding_dim", 0) || size;
  const interleaved = attributes.flag("interleaved", false);
  attributes.ignore("num_heads");
  if (width % 2 !== 0 || width > size) node.invalid(`${width} of ${size} numbers can't be rotated in pairs`);
  const [cosines, sines] = [1, 2].map((index) => anglesOf(node, index, headAxis, width / 2));
  const parts = width === size ? [x] : node.computeAll(split, [x], { axis: 3, sizes: [width, size - width] });
  const [first, second] = interleaved ? alternating(node, parts[0]) : halves(node, parts[0]);
  const of = formulaOf(node);
  const real = of(sub, of(mul, cosines, first), of(mul, sines, second));
  const imaginary = of(add, of(mul, sines, first), of(mul, cosines, second));
  const rotated = interleaved
    ? interwoven(node, real, imaginary)
    : node.compute(concat, [real, imaginary], { axis: 3 });
  const whole = parts.length === 1 ? rotated : node.compute(concat, [rotated, parts[1]], { axis: 3 });
  return reshaped(node, whole, node.shape(0));
}

/** The cosines or sines [batch, length, half] with an axis for the heads. */
function anglesOf(node: SourceNode, index: number, headAxis: 1 | 2, half: number): Value {
  const table = node.input(index);
  const angles = node.has(3) ? node.compute(gather, [table, node.input(3)], { axis: 0 }) : table;
  const { shape } = angles.type;
  if (shape.length !== 3 || shape[2] !== half)
    node.invalid(`input ${index} gives [${shape}] where ${half} pairs are rotated`);
  return reshaped(node, angles, shape.toSpliced(headAxis, 0, 1));
}

function halves(node: SourceNode, x: Value): readonly Value[] {
  const half = (x.type.shape[3] as number) / 2;
  return node.computeAll(split, [x], { axis: 3, sizes: [half, half] });
}

function alternating(node: SourceNode, x: Value): readonly Value[] {
  const { shape } = x.type;
  return [0, 1].map((start) =>
    node.compute(slice, [x], {
      starts: [0, 0, 0, start],
      sizes: shape.with(3, (shape[3] as number) / 2),
      steps: [1, 1, 1, 2],
    }),
  );
}

function interwoven(node: SourceNode, even: Value, odd: Value): Value {
  const { shape } = even.type;
  const columns = [even, odd].map((value) => reshaped(node, value, [...shape, 1]));
  return reshaped(node, node.compute(concat, columns, { axis: 4 }), shape.with(3, 2 * (shape[3] as number)));
}

export const rotaryEmbeddings: Readonly<Record<string, Importer>> = { RotaryEmbedding: rotaryEmbedding };
