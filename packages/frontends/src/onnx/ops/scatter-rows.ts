import { type DType, fromNumbers, numbersOf, type Operator, type Value } from "@millrace/ir";
import { concat, equal, gather, reduceMax, reduceMin, reduceProd, select, sum } from "@millrace/ops";
import type { SourceNode } from "../source-node.ts";
import { counting } from "./counting.ts";
import { converted, formulaOf } from "./formula.ts";
import { knownShape } from "./known-shape.ts";
import { reshaped } from "./weights.ts";

/** How rows that fall on the same place are combined; what combining nothing gives, unless a row may be combined with itself. */
interface Reduction {
  readonly op: Operator;
  readonly identity?: number;
}

const reductions: ReadonlyMap<string, Reduction | undefined> = new Map<string, Reduction | undefined>([
  ["none", undefined],
  ["add", { op: sum, identity: 0 }],
  ["mul", { op: reduceProd, identity: 1 }],
  ["max", { op: reduceMax }],
  ["min", { op: reduceMin }],
]);

/** Elements of the comparison of all places with all rows, with what is compared. */
const maximumMatches = 2 ** 24;

/**
 * The matrix `data` with the rows of `updates` at `places`, a vector of int32 row numbers: in the stead of what was there,
 * the last one of several, or combined with it (attribute reduction). Results are rows picked out of both by a table, which is
 * a constant if the places are, and otherwise made by comparing every place with every row.
 */
export function scatteredRows(node: SourceNode, data: Value, places: Value, updates: Value): Value {
  const name = node.attributes.text("reduction", "none");
  if (!reductions.has(name))
    node.unsupported(`reduction is ${name}`, `Use one of ${[...reductions.keys()].join(", ")}.`);
  const reduction = reductions.get(name);
  const [rows, width] = knownShape(node, data.type.shape);
  const [count] = knownShape(node, updates.type.shape);
  if (count === 0) return data;
  const neutral = reduction?.identity;
  const neutralRow = neutral === undefined ? [] : [filledRow(node, data.type.dtype, width, neutral)];
  const all = node.compute(concat, [data, updates, ...neutralRow], { axis: 0 });
  const filler = neutral === undefined ? undefined : rows + count;
  const matches = rows * count * (reduction ? width : 1);
  const isTable = places.constant || (matches > maximumMatches && node.isConstant(places));
  if (!isTable && matches > maximumMatches)
    node.unsupported(
      `it places ${count} rows among ${rows} while the model runs`,
      "Use constant indices, or scatter into smaller data.",
    );
  const table = isTable
    ? constantTable(node, rows, places, count, reduction && (filler ?? "same"))
    : comparedTable(node, rows, places, count, reduction && (filler ?? "same"));
  const picked = node.compute(gather, [all, table], { axis: 0 });
  return reduction ? node.compute(reduction.op, [picked], { axes: [1], keepDims: false }) : picked;
}

function filledRow(node: SourceNode, dtype: DType, width: number, value: number): Value {
  node.reserve(8 * width);
  return node.constant(fromNumbers(dtype, [1, width], new Array<number>(width).fill(value)));
}

/** Row to pick where there is no update: none if updates replace data, a certain one, or the place's own. */
type Filler = number | "same" | undefined;

function constantTable(node: SourceNode, rows: number, places: Value, count: number, filler: Filler): Value {
  node.reserve(64 * (rows + count));
  const lists = Array.from({ length: rows }, (_, row) => [row]);
  const indices = numbersOf(node.constantTensor(places, "its indices"));
  for (let update = 0; update < count; update++) lists[indices[update]]?.push(rows + update);
  if (filler === undefined)
    return node.constant(
      fromNumbers(
        "i32",
        [rows],
        lists.map((list) => list.at(-1)!),
      ),
    );
  const most = lists.reduce((length, list) => Math.max(length, list.length), 1);
  node.reserve(16 * rows * most);
  const full = lists.flatMap((list, row) => [
    ...list,
    ...new Array<number>(most - list.length).fill(filler === "same" ? row : filler),
  ]);
  return node.constant(fromNumbers("i32", [rows, most], full));
}

function comparedTable(node: SourceNode, rows: number, places: Value, count: number, filler: Filler): Value {
  const of = formulaOf(node);
  const own = counting(node, [rows, 1]);
  const updates = counting(node, [1, count], { start: rows });
  const hits = of(equal, own, converted(node, reshaped(node, places, [1, count]), "i32"));
  const table = of(select, hits, updates, typeof filler === "number" ? node.scalar(filler, "i32") : own);
  if (filler === undefined) return node.compute(reduceMax, [table], { axes: [1], keepDims: false });
  return node.compute(concat, [own, table], { axis: 1 });
}
