import type { Field, ScalarField, Schema } from "./flatbuffer/fields.ts";
import type { PlainTable } from "./flatbuffer/objects.ts";
import type { Trail } from "./flatbuffer/trail.ts";
import { tables } from "./schema/tables.ts";
import type { TfliteDraft } from "./types.ts";

/** How many entries each list has that indices at the present place refer to. */
type Counts = Readonly<Record<string, number>>;

interface Checking {
  readonly tensorCounts: readonly number[];
  readonly trail: Trail;
}

const schema: Schema = tables;

/**
 * Fails where an index of the model (of a tensor, buffer, operator code, subgraph or external group) is outside of its
 * list. -1 passes where the schema lets it stand for "none".
 */
export function checkIndices(model: TfliteDraft<"Model">, trail: Trail): void {
  const tensorCounts = model.subgraphs?.map(({ tensors }) => tensors?.length ?? 0) ?? [];
  const counts = {
    buffers: model.buffers?.length ?? 0,
    operatorCodes: model.operatorCodes?.length ?? 0,
    subgraphs: tensorCounts.length,
    externalBufferGroups: model.externalBufferGroups?.length ?? 0,
    tensors: 0,
  };
  checkTable({ tensorCounts, trail }, "Model", model, counts);
}

function checkTable(checking: Checking, name: string, record: PlainTable, counts: Counts): void {
  const inside = countsInside(checking, name, record, counts);
  for (const [field, declaration] of Object.entries(schema[name]!)) {
    const value = record[field];
    if (value === undefined) continue;
    checking.trail.push(field);
    checkField(checking, declaration, value, inside);
    checking.trail.pop();
  }
}

function countsInside({ tensorCounts }: Checking, name: string, record: PlainTable, counts: Counts): Counts {
  if (name === "SubGraph")
    return { ...counts, tensors: (record["tensors"] as readonly unknown[] | undefined)?.length ?? 0 };
  if (name !== "SignatureDef") return counts;
  return { ...counts, tensors: tensorCounts[(record["subgraphIndex"] as number | undefined) ?? 0] ?? 0 };
}

function checkField(checking: Checking, field: Field, value: unknown, counts: Counts): void {
  if (field.kind === "scalar") checkIndex(checking, field, value, counts);
  else if (field.kind === "table") checkTable(checking, field.table, value as PlainTable, counts);
  else if (field.kind === "union") {
    const member = value as PlainTable & { readonly kind: string };
    if (schema[member.kind] !== undefined) checkTable(checking, member.kind, member, counts);
  } else if (field.kind === "vector") {
    if (field.element.kind !== "table" && !("indexOf" in field.element)) return;
    (value as readonly unknown[]).forEach((item, i) => {
      checking.trail.push(i);
      checkField(checking, field.element, item, counts);
      checking.trail.pop();
    });
  }
}

function checkIndex({ trail }: Checking, { indexOf, optional }: ScalarField, value: unknown, counts: Counts): void {
  if (indexOf === undefined) return;
  const index = value as number;
  const count = counts[indexOf]!;
  if ((index >= 0 && index < count) || (optional && index === -1)) return;
  const hint = `indices into ${indexOf} are below their number${optional ? ", or -1 for none" : ""}`;
  trail.fail("index-out-of-range", `index ${index}, but there are ${count} ${indexOf}`, hint);
}
