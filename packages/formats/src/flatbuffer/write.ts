import type { ElementField, Field, ScalarField, Schema, TableField, UnionField, VectorField } from "./fields.ts";
import { scalarSizes } from "./fields.ts";
import { layOut, type PlainTable, type Slot, type Slots } from "./objects.ts";
import { encode, setScalar } from "./scalars.ts";
import { Sink } from "./sink.ts";
import type { Trail } from "./trail.ts";

interface Writing {
  readonly sink: Sink;
  readonly layout: ReadonlyMap<string, Slots>;
  readonly encoder: TextEncoder;
  readonly trail: Trail;
}

/** What a table holds in one of its vtable entries: a scalar as it is stored, or something to point to. */
interface Entry extends Slot {
  readonly value: unknown;
  readonly size: number;
}

const unionCode: ScalarField = { kind: "scalar", type: "u8", initial: 0 };

/**
 * Writes a root table as a FlatBuffers file with a four-letter identifier. The same object gives the same bytes:
 * tables go before what they refer to, in field order, and byte vectors last; scalars that equal their defaults are
 * left out; equal field lists are shared, nothing else is. The file comes in parts, among which byte vectors are not copied.
 * Fails through `trail`.
 */
export function writeRoot(
  schema: Schema,
  root: string,
  record: PlainTable,
  identifier: string,
  trail: Trail,
): Uint8Array[] {
  const writing = { sink: new Sink(trail), layout: layOut(schema), encoder: new TextEncoder(), trail };
  const { sink } = writing;
  const header = sink.reserve(8, 4);
  sink.put(header + 4, writing.encoder.encode(identifier));
  sink.point(header, placeTable(writing, root, record));
  return sink.finish();
}

function placeTable(writing: Writing, name: string, record: unknown): number {
  const { sink, trail } = writing;
  if (typeof record !== "object" || record === null) {
    return trail.fail("bad-value", `not a ${name}`, "give an object here");
  }
  const entries = entriesOf(writing, writing.layout.get(name)!, record as PlainTable);
  const { offsets, size, align } = arrange(entries);
  const vtable = sink.vtable(offsets, size);
  const at = sink.reserve(size, align, 4);
  sink.view.setInt32(at, at - vtable, true);
  for (const entry of entries) {
    trail.push(entry.name);
    placeEntry(writing, entry, at + offsets[entry.id]!);
    trail.pop();
  }
  return at;
}

/** The entries of the fields that are there and differ from their defaults. */
function entriesOf({ trail }: Writing, { slots }: Slots, record: PlainTable): Entry[] {
  const entries: Entry[] = [];
  for (const { name, field, id } of slots) {
    const value = record[name];
    if (field.kind === "scalar" || field.kind === "enumeration") {
      if (value === undefined || Object.is(value, field.initial)) continue;
      trail.push(name);
      entries.push({ name, field, id, value: encode(field, value, trail), size: scalarSizes[field.type] });
      trail.pop();
    } else if (field.kind === "vector" && field.required) {
      entries.push({ name, field, id, value: value ?? [], size: 4 });
    } else if (value !== undefined && field.kind === "union") {
      trail.push(name);
      entries.push(...unionEntries(trail, { name, field, id }, field, value));
      trail.pop();
    } else if (value !== undefined && field.kind !== "deprecated") {
      entries.push({ name, field, id, value, size: 4 });
    }
  }
  return entries;
}

function unionEntries(trail: Trail, { name, id }: Slot, { members }: UnionField, value: unknown): Entry[] {
  const kind = String((value as PlainTable | null)?.["kind"]);
  const code = members.indexOf(kind) + 1;
  if (code === 0) trail.fail("bad-value", `"${kind}" is no member of this union`, "set kind to a table's name");
  const member: TableField = { kind: "table", table: kind };
  return [
    { name, field: unionCode, id, value: code, size: 1 },
    { name, field: member, id: id + 1, value, size: 4 },
  ];
}

/** Offsets by entry number: entries follow the table's first four bytes by falling size, so that none needs padding. */
function arrange(entries: readonly Entry[]): { offsets: number[]; size: number; align: number } {
  const last = entries.at(-1);
  const offsets = new Array<number>(last === undefined ? 0 : last.id + 1).fill(0);
  let end = 4;
  let align = 4;
  for (const size of [8, 4, 2, 1]) {
    for (const entry of entries) {
      if (entry.size !== size) continue;
      offsets[entry.id] = end;
      end += size;
      if (size === 8) align = 8;
    }
  }
  return { offsets, size: end, align };
}

function placeEntry(writing: Writing, { field, value }: Entry, at: number): void {
  const { sink, trail } = writing;
  if (field.kind === "scalar" || field.kind === "enumeration") {
    setScalar[field.type](sink.view, at, value as never);
  } else if (field.kind === "bytes") {
    if (value instanceof Uint8Array) sink.append(at, value, field.align);
    else trail.fail("bad-value", "not a Uint8Array", "give a Uint8Array here");
  } else sink.point(at, placeContent(writing, field, value));
}

function placeContent(writing: Writing, field: Field, value: unknown): number {
  if (field.kind === "table") return placeTable(writing, field.table, value);
  return field.kind === "string" ? placeString(writing, value) : placeVector(writing, field as VectorField, value);
}

function placeString({ sink, encoder, trail }: Writing, value: unknown): number {
  if (typeof value !== "string") return trail.fail("bad-value", "not a string", "give a string here");
  const text = encoder.encode(value);
  const at = sink.reserve(4 + text.length + 1, 4);
  sink.view.setUint32(at, text.length, true);
  sink.put(at + 4, text);
  return at;
}

function placeVector(writing: Writing, { element, align }: VectorField, value: unknown): number {
  const { sink, trail } = writing;
  if (!Array.isArray(value)) return trail.fail("bad-value", "not an array", "give an array here");
  const size = element.kind === "table" ? 4 : scalarSizes[element.type];
  const at = sink.reserve(4 + value.length * size, Math.max(4, size, align), 4);
  sink.view.setUint32(at, value.length, true);
  for (let i = 0; i < value.length; i++) {
    trail.push(i);
    placeElement(writing, element, at + 4 + i * size, value[i]);
    trail.pop();
  }
  return at;
}

function placeElement(writing: Writing, element: ElementField, at: number, value: unknown): void {
  const { sink, trail } = writing;
  if (element.kind === "table") sink.point(at, placeTable(writing, element.table, value));
  else setScalar[element.type](sink.view, at, encode(element, value, trail) as never);
}
