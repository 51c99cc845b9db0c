import { type Dimension, fromNumbers, type Value } from "@millrace/ir";
import { add, gather, sum } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { plain } from "./elementwise.ts";
import { scaledAndNormalized } from "./normalization.ts";
import { dequantized } from "./quantization-parameters.ts";

/** Tables of words, positions and segments, and what the sum of their rows is scaled and shifted by. */
interface Tables {
  readonly words: Value;
  readonly positions: Value;
  readonly segments: Value | undefined;
  readonly scale: Value;
  readonly shift: Value;
}

/** The normalized sum of rows for words, positions and segments; the number of words in each entry by the mask; and the sum. */
function embedding(node: SourceNode, tables: Tables, mask: Value | undefined, positions: Value | undefined) {
  node.attributes.ignore("mask_index_type");
  const words = node.input(0);
  const rows = (table: Value, indices: Value) => node.compute(gather, [table, indices], { axis: 0 });
  const places = rows(tables.positions, positions ?? counted(node, words.type.shape[1]));
  const placed = node.compute(add, [rows(tables.words, words), places], plain);
  const segments = node.optional(1);
  const total =
    segments && tables.segments ? node.compute(add, [placed, rows(tables.segments, segments)], plain) : placed;
  const result = scaledAndNormalized(node, total, tables.scale, tables.shift);
  return [result, node.wants(1) ? wordCounts(node, words, mask) : undefined, total];
}

function counted(node: SourceNode, length: Dimension | undefined): Value {
  if (typeof length !== "number")
    return node.unsupported(`the number ${length} of its words is open`, `Give the size of ${length}.`);
  node.reserve(8 * length);
  return node.constant(
    fromNumbers(
      "i32",
      [length],
      Array.from({ length }, (_, at) => at),
    ),
  );
}

/** How many words each entry has by the mask, 0 without one. */
function wordCounts(node: SourceNode, words: Value, mask: Value | undefined): Value {
  if (mask) return node.compute(sum, [mask], { axes: [1], keepDims: false });
  const [batch] = words.type.shape;
  if (typeof batch !== "number") return node.unsupported(`the batch ${batch} is open`, `Give the size of ${batch}.`);
  return node.constant(fromNumbers("i32", [batch], new Array<number>(batch).fill(0)));
}

/** The tables by `table`, which is given the places of those in the inputs. */
function tablesOf(node: SourceNode, table: (index: number) => Value): Tables {
  const [words, positions, scale, shift] = [2, 3, 5, 6].map(table);
  return { words, positions, segments: node.has(4) ? table(4) : undefined, scale, shift };
}

const realTables: Importer = (node) =>
  embedding(
    node,
    tablesOf(node, (index) => node.input(index)),
    node.optional(7),
    node.optional(8),
  );

/** Scales of the five tables stand behind the mask, and their zero points behind those. */
const quantizedTables: Importer = (node) => {
  const table = (index: number) =>
    dequantized(node, node.input(index), {
      scale: node.input(index + 6),
      zeroPoint: node.optional(index + 11),
      axis: -1,
      blockSize: 0,
    });
  return embedding(node, tablesOf(node, table), node.optional(7), undefined);
};

/** Embeddings of words as onnxruntime fuses them. */
export const embeddings: Readonly<Record<string, Importer>> = {
  "com.microsoft.EmbedLayerNormalization": realTables,
  "com.microsoft.QEmbedLayerNormalization": quantizedTables,
};
