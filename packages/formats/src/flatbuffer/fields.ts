/** The scalar types of FlatBuffers that a schema may name. */
export type ScalarType = "bool" | "i8" | "u8" | "i16" | "u16" | "i32" | "u32" | "i64" | "u64" | "f32" | "f64";

export const scalarSizes: Readonly<Record<ScalarType, number>> = {
  bool: 1,
  i8: 1,
  u8: 1,
  i16: 2,
  u16: 2,
  i32: 4,
  u32: 4,
  i64: 8,
  u64: 8,
  f32: 4,
  f64: 8,
};

/** What a scalar is in TypeScript: 64-bit integers are bigint, so that none loses digits. */
export type ScalarValue<T extends ScalarType> = T extends "bool" ? boolean : T extends "i64" | "u64" ? bigint : number;

export interface ScalarField<T extends ScalarType = ScalarType> {
  readonly kind: "scalar";
  readonly type: T;
  readonly initial: ScalarValue<T>;
  /** The list that this value is an index into. */
  readonly indexOf?: string;
  /** Whether -1 stands for "none" in an index. */
  readonly optional?: boolean;
  /** Stored in the file, but not shown to users of the plain objects. */
  readonly internal?: boolean;
}

/** An enumeration shown as the names of its codes. */
export interface EnumerationField<Value extends string = string> {
  readonly kind: "enumeration";
  readonly type: ScalarType;
  readonly codes: ReadonlyMap<string, number>;
  readonly names: ReadonlyMap<number, string>;
  /** Whether a code without a name is kept as `#code` instead of refused. */
  readonly open: boolean;
  readonly initial: Value;
}

/** A vector of u8, seen as a view; `align` is that of its first byte from the file's start. */
export interface BytesField {
  readonly kind: "bytes";
  readonly align: number;
}

export interface StringField {
  readonly kind: "string";
}

export interface TableField<Name extends string = string> {
  readonly kind: "table";
  readonly table: Name;
}

export type ElementField = ScalarField | EnumerationField | TableField;

export interface VectorField<Element extends ElementField = ElementField> {
  readonly kind: "vector";
  readonly element: Element;
  readonly align: number;
  /** A required vector reads as [] when it is absent, and is always written. */
  readonly required: boolean;
}

/** One table out of several; takes two slots: the member's number (from 1) and its offset. */
export interface UnionField<Name extends string = string> {
  readonly kind: "union";
  readonly members: readonly Name[];
}

/** A slot that nothing reads or writes any more. */
export interface DeprecatedField {
  readonly kind: "deprecated";
}

export type Field =
  | ScalarField
  | EnumerationField
  | BytesField
  | StringField
  | TableField
  | VectorField
  | UnionField
  | DeprecatedField;

/** The fields of a table in the order of their slots. */
export type Fields = Readonly<Record<string, Field>>;

/** Tables by name. */
export type Schema = Readonly<Record<string, Fields>>;

/** The name of a code that an open enumeration does not know. */
export type UnknownCode = `#${number}`;

const scalar =
  <T extends ScalarType>(type: T, zero: ScalarValue<T>) =>
  (initial: ScalarValue<T> = zero): ScalarField<T> => ({ kind: "scalar", type, initial });

export const bool = scalar("bool", false);
export const i8 = scalar("i8", 0);
export const u8 = scalar("u8", 0);
export const u16 = scalar("u16", 0);
export const i32 = scalar("i32", 0);
export const u32 = scalar("u32", 0);
export const i64 = scalar("i64", 0n);
export const u64 = scalar("u64", 0n);
export const f32 = scalar("f32", 0);
export const f64 = scalar("f64", 0);

export const text: StringField = { kind: "string" };
export const deprecated: DeprecatedField = { kind: "deprecated" };

/** An index into the named list; with "optional" -1 stands for none. */
export const index = <T extends "i32" | "u32" | "i64">(
  type: T,
  indexOf: string,
  presence?: "optional",
): ScalarField<T> => ({
  kind: "scalar",
  type,
  initial: (type === "i64" ? 0n : 0) as ScalarValue<T>,
  indexOf,
  optional: presence === "optional",
});

/** A scalar that readers and writers resolve and that plain objects do not show. */
export const internal = <F extends ScalarField>(field: F): F & { readonly internal: true } => ({
  ...field,
  internal: true,
});

/** The closed set of names in `codes`, stored as `type`; the default is the name of code 0. */
export const enumeration = <Name extends string>(
  type: ScalarType,
  codes: Readonly<Record<Name, number>>,
): EnumerationField<Name> => {
  const entries = Object.entries(codes) as [Name, number][];
  const names = new Map(entries.map(([name, code]) => [code, name]));
  return { kind: "enumeration", type, codes: new Map(entries), names, open: false, initial: names.get(0)! };
};

/** As `enumeration`, for sets that grow with the format: a code without a name is kept as `#code`. */
export const openEnumeration = <Name extends string>(
  type: ScalarType,
  codes: Readonly<Record<Name, number>>,
): EnumerationField<Name | UnknownCode> => ({ ...enumeration<Name | UnknownCode>(type, codes as never), open: true });

export const bytes = (align = 1): BytesField => ({ kind: "bytes", align });

export const table = <const Name extends string>(name: Name): TableField<Name> => ({ kind: "table", table: name });

/** A vector that may be absent. */
export const vector = <E extends ElementField>(element: E, align = 1) => ({
  kind: "vector" as const,
  element,
  align,
  required: false as const,
});

/** A vector that is always there, if only empty. */
export const list = <E extends ElementField>(element: E) => ({
  kind: "vector" as const,
  element,
  align: 1,
  required: true as const,
});

export const union = <const Name extends string>(members: readonly Name[]): UnionField<Name> => ({
  kind: "union",
  members,
});
