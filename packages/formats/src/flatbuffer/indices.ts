import type { Field, ScalarField, Schema } from "./fields.ts";
import type { PlainTable } from "./objects.ts";
import type { Trail } from "./trail.ts";

/** How many entries each list has that indices at the present place refer to. */
export type Counts = Readonly<Record<string, number>>;

/** By table: the lists of one of its records that indices inside it refer to. */
export type Scopes = Readonly<Record<string, (record: PlainTable) => Counts>>;

interface Checking {
  readonly schema: Schema;
  readonly scopes: Scopes;
  readonly trail: Trail;
}

/**
 * Fails where an index in `record`, a table called `root`, is outside of the list that its field names. -1 passes where the
 * schema lets it stand for "none".
 */
export function checkIndices(schema: Schema, root: string, record: PlainTable, scopes: Scopes, trail: Trail): void {
  checkTable({ schema, scopes, trail }, root, record, {});
}

function checkTable(checking: Checking, name: string, record: PlainTable, counts: Counts): void {
  const inside = { ...counts, ...checking.scopes[name]?.(record) };
  for (const [field, declaration] of Object.entries(checking.schema[name]!)) {
    const value = record[field];
    if (value === undefined) continue;
    checking.trail.push(field);
    checkField(checking, declaration, value, inside);
    checking.trail.pop();
  }
}

function checkField(checking: Checking, field: Field, value: unknown, counts: Counts): void {
  if (field.kind === "scalar") checkIndex(checking, field, value as number | bigint, counts);
  else if (field.kind === "table") checkTable(checking, field.table, value as PlainTable, counts);
  else if (field.kind === "union") {
    const member = value as PlainTable & { readonly kind: string };
    if (checking.schema[member.kind] !== undefined) checkTable(checking, member.kind, member, counts);
  } else if (field.kind === "vector") {
    if (field.element.kind !== "table" && !("indexOf" in field.element)) return;
    (value as readonly unknown[]).forEach((item, i) => {
      checking.trail.push(i);
      checkField(checking, field.element, item, counts);
      checking.trail.pop();
    });
  }
}

function checkIndex(
  { trail }: Checking,
  { indexOf, optional }: ScalarField,
  value: number | bigint,
  counts: Counts,
): void {
  if (indexOf === undefined) return;
  const index = Number(value);
  const count = counts[indexOf]!;
  if ((index >= 0 && index < count) || (optional && index === -1)) return;
  const hint = `indices into ${indexOf} are below their number${optional ? ", or -1 for none" : ""}`;
  trail.fail("index-out-of-range", `index ${index}, but there are ${count} ${indexOf}`, hint);
}
