import type { ElementField, Schema, UnionField, VectorField } from "./fields.ts";
import { scalarSizes } from "./fields.ts";
import { layOut, type PlainTable, type Slot, type Slots } from "./objects.ts";
import { getScalar, nameOf } from "./scalars.ts";
import type { Source } from "./source.ts";

/** Something in a readable file that was left out or is unusual. */
export interface FormatWarning {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly where: string;
}

interface Reading {
  readonly source: Source;
  readonly layout: ReadonlyMap<string, Slots>;
  readonly decoder: TextDecoder;
  readonly known: Set<string>;
  readonly warn: (warning: FormatWarning) => void;
}

/** Where a table and its field list begin, and the size of the list in bytes. */
interface Place {
  readonly at: number;
  readonly vtable: number;
  readonly vtableSize: number;
}

const objectBytes = 16;
const slotBytes = 8;

/**
 * Reads the root table of a FlatBuffers file. Every position and count is checked before use; byte vectors are views
 * of the source. Parts of a newer schema are left out with a warning.
 */
export function readRoot(
  schema: Schema,
  root: string,
  source: Source,
  warn: (warning: FormatWarning) => void,
): PlainTable {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const reading = { source, layout: layOut(schema), decoder, known: new Set<string>(), warn };
  return readTable(reading, root, source.follow(0));
}

function readTable(reading: Reading, name: string, at: number): PlainTable {
  const { source } = reading;
  const { slots, count } = reading.layout.get(name)!;
  source.charge(objectBytes + slotBytes * slots.length);
  const place = locate(source, at);
  noteNewerFields(reading, name, place, count);
  const record: Record<string, unknown> = {};
  for (const slot of slots) {
    source.trail.push(slot.name);
    const value = readField(reading, slot, place);
    if (value !== undefined) record[slot.name] = value;
    source.trail.pop();
  }
  return record;
}

/** The size of a table that its field list tells is not looked at: some writers share lists between tables of different sizes. */
function locate(source: Source, at: number): Place {
  source.need(at, 4, "a table");
  const vtable = at - source.view.getInt32(at, true);
  source.need(vtable, 4, "a field list");
  const vtableSize = source.u16(vtable);
  if (vtableSize < 4 || vtableSize % 2 === 1) {
    source.malformed(`the field list at byte ${vtable} has the impossible size ${vtableSize}`);
  }
  source.need(vtable, vtableSize, "a field list");
  return { at, vtable, vtableSize };
}

/** The position of a field of `size` bytes inside its table, or 0 where it is absent. */
function fieldAt(source: Source, place: Place, id: number, size: number): number {
  const entry = 4 + 2 * id;
  const offset = entry < place.vtableSize ? source.u16(place.vtable + entry) : 0;
  if (offset === 0) return 0;
  if (offset < 4) source.malformed(`the field lies outside its table (offset ${offset})`);
  source.need(place.at + offset, size, "a field");
  return place.at + offset;
}

function readField(reading: Reading, { field, id }: Slot, place: Place): unknown {
  const { source } = reading;
  if (field.kind === "deprecated") return undefined;
  if (field.kind === "scalar" || field.kind === "enumeration") {
    const at = fieldAt(source, place, id, scalarSizes[field.type]);
    return at === 0 ? field.initial : readScalar(source, field, at);
  }
  if (field.kind === "union") return readUnion(reading, field, id, place);
  const at = fieldAt(source, place, id, 4);
  if (at === 0) return field.kind === "vector" && field.required ? [] : undefined;
  const target = source.follow(at);
  if (field.kind === "string") return readString(reading, target);
  if (field.kind === "bytes") return readBytes(source, target);
  if (field.kind === "vector") return readVector(reading, field, target);
  return readTable(reading, field.table, target);
}

function readScalar(source: Source, field: Exclude<ElementField, { kind: "table" }>, at: number): unknown {
  const value = getScalar[field.type](source.view, at);
  return field.kind === "enumeration" ? nameOf(field, value as number, source.trail) : value;
}

function readString({ source, decoder }: Reading, at: number): string {
  const text = readBytes(source, at);
  source.charge(objectBytes + 2 * text.length);
  return decoder.decode(text);
}

function readBytes(source: Source, at: number): Uint8Array {
  return source.slice(at + 4, source.scalar("u32", at) as number);
}

function readVector(reading: Reading, { element }: VectorField, at: number): unknown[] {
  const { source } = reading;
  const size = element.kind === "table" ? 4 : scalarSizes[element.type];
  const count = source.count(at, size);
  source.charge(objectBytes + count * (size === 8 ? 4 * slotBytes : slotBytes));
  const values = new Array<unknown>(count);
  for (let i = 0; i < count; i++) {
    const from = at + 4 + i * size;
    source.trail.push(i);
    values[i] =
      element.kind === "table"
        ? readTable(reading, element.table, source.follow(from))
        : readScalar(source, element, from);
    source.trail.pop();
  }
  return values;
}

function readUnion(reading: Reading, { members }: UnionField, id: number, place: Place): unknown {
  const { source } = reading;
  const typeAt = fieldAt(source, place, id, 1);
  const valueAt = fieldAt(source, place, id + 1, 4);
  const code = typeAt === 0 ? 0 : source.bytes[typeAt]!;
  if (code === 0 || valueAt === 0) return undefined;
  const kind = members[code - 1];
  if (kind !== undefined) return { kind, ...readTable(reading, kind, source.follow(valueAt)) };
  warnOnce(reading, `member ${code} of ${members[0]}`, "unknown-union-member", `union member ${code} was left out`);
  return undefined;
}

function noteNewerFields(reading: Reading, name: string, place: Place, count: number): void {
  const first = 4 + 2 * count;
  if (place.vtableSize <= first) return;
  reading.source.charge(place.vtableSize - first);
  for (let entry = first; entry < place.vtableSize; entry += 2) {
    if (reading.source.u16(place.vtable + entry) === 0) continue;
    warnOnce(reading, `fields of ${name}`, "unknown-field", `${name} has fields that were left out`);
    return;
  }
}

function warnOnce({ source, known, warn }: Reading, subject: string, code: string, problem: string): void {
  if (known.has(subject)) return;
  known.add(subject);
  const where = source.trail.toString();
  const hint = "the file was written for a newer version of the format; the rest of it was read";
  warn({ code: `${source.trail.format}.${code}`, message: `${where}: ${problem}`, hint, where });
}
