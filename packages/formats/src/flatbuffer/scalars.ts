import type { EnumerationField, ScalarField, ScalarType } from "./fields.ts";
import type { Trail } from "./trail.ts";

type Get = (view: DataView, at: number) => number | bigint | boolean;

export const getScalar: Readonly<Record<ScalarType, Get>> = {
  bool: (view, at) => view.getUint8(at) !== 0,
  i8: (view, at) => view.getInt8(at),
  u8: (view, at) => view.getUint8(at),
  i16: (view, at) => view.getInt16(at, true),
  u16: (view, at) => view.getUint16(at, true),
  i32: (view, at) => view.getInt32(at, true),
  u32: (view, at) => view.getUint32(at, true),
  i64: (view, at) => view.getBigInt64(at, true),
  u64: (view, at) => view.getBigUint64(at, true),
  f32: (view, at) => view.getFloat32(at, true),
  f64: (view, at) => view.getFloat64(at, true),
};

type Set = (view: DataView, at: number, value: never) => void;

export const setScalar: Readonly<Record<ScalarType, Set>> = {
  bool: (view, at, value: boolean) => view.setUint8(at, value ? 1 : 0),
  i8: (view, at, value: number) => view.setInt8(at, value),
  u8: (view, at, value: number) => view.setUint8(at, value),
  i16: (view, at, value: number) => view.setInt16(at, value, true),
  u16: (view, at, value: number) => view.setUint16(at, value, true),
  i32: (view, at, value: number) => view.setInt32(at, value, true),
  u32: (view, at, value: number) => view.setUint32(at, value, true),
  i64: (view, at, value: bigint) => view.setBigInt64(at, value, true),
  u64: (view, at, value: bigint) => view.setBigUint64(at, value, true),
  f32: (view, at, value: number) => view.setFloat32(at, value, true),
  f64: (view, at, value: number) => view.setFloat64(at, value, true),
};

const within =
  (low: number, high: number) =>
  (value: unknown): boolean =>
    Number.isInteger(value) && (value as number) >= low && (value as number) <= high;

const fits: Readonly<Record<ScalarType, (value: unknown) => boolean>> = {
  bool: (value) => typeof value === "boolean",
  i8: within(-128, 127),
  u8: within(0, 255),
  i16: within(-32768, 32767),
  u16: within(0, 65535),
  i32: within(-(2 ** 31), 2 ** 31 - 1),
  u32: within(0, 2 ** 32 - 1),
  i64: (value) => typeof value === "bigint" && BigInt.asIntN(64, value) === value,
  u64: (value) => typeof value === "bigint" && BigInt.asUintN(64, value) === value,
  f32: (value) => typeof value === "number",
  f64: (value) => typeof value === "number",
};

/** The number, bigint or boolean to store for a field's value; fails where it does not fit the field's type. */
export function encode(field: ScalarField | EnumerationField, value: unknown, trail: Trail): unknown {
  const stored = field.kind === "enumeration" ? codeOf(field, value) : value;
  if (fits[field.type](stored)) return stored;
  const shown = typeof value === "string" ? `"${value}"` : String(value);
  const wanted = field.kind === "enumeration" ? [...field.codes.keys()].slice(0, 6).join(", ") : field.type;
  return trail.fail("bad-value", `${shown} can't be stored as ${wanted}`, "give a value of the field's type and range");
}

/** The name of a code; an open enumeration names an unknown one `#code`, a closed one fails. */
export function nameOf(field: EnumerationField, code: number, trail: Trail): string {
  const name = field.names.get(code);
  if (name !== undefined) return name;
  if (field.open) return `#${code}`;
  const known = [...field.codes.keys()].join(", ");
  return trail.fail(
    "unknown-value",
    `code ${code} is none of ${known}`,
    "the file is damaged, or written for a newer version of the format",
  );
}

/** The code of a name, or undefined. */
export function codeOf(field: EnumerationField, name: unknown): number | undefined {
  if (typeof name !== "string") return undefined;
  return field.open && /^#-?\d+$/.test(name) ? Number(name.slice(1)) : field.codes.get(name);
}
