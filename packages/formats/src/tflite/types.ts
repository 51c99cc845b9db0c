import type { Draft, Member, Table } from "../flatbuffer/objects.ts";
import type { tensorTypes } from "./schema/enumerations.ts";
import type { builtinOperators } from "./schema/operators.ts";
import type { tables } from "./schema/tables.ts";
import type { builtinOptions, builtinOptions2 } from "./schema/unions.ts";

/** The schema's tables as types; `TfliteTables` itself is only their list. */
export type TfliteTables = typeof tables;
export type TfliteTableName = keyof TfliteTables;

/**
 * A table of the schema as a plain object: field names in camel case, enumerations as the names of their codes, 64-bit
 * integers as bigint, byte vectors as views. `TfliteTable<"Conv2DOptions">` is `{ padding, strideW, … }`.
 */
export type TfliteTable<Name extends TfliteTableName> = Table<TfliteTables, Name>;

/** A table to be written: what is left out takes the schema's default. */
export type TfliteDraft<Name extends TfliteTableName> = Draft<TfliteTables, Name>;

/** The names of the known element types; a tensor of a newer file may also have `#code`. */
export type TensorTypeName = keyof typeof tensorTypes;

/** The names of the known builtin operators; an operator code of a newer file may also have `#code`. */
export type BuiltinOperatorName = keyof typeof builtinOperators;

export type TfliteModel = TfliteTable<"Model">;
export type OperatorCode = TfliteTable<"OperatorCode">;
export type SubGraph = TfliteTable<"SubGraph">;
export type Tensor = TfliteTable<"Tensor">;
export type Operator = TfliteTable<"Operator">;
export type TfliteBuffer = TfliteTable<"Buffer">;
export type Metadata = TfliteTable<"Metadata">;
export type SignatureDef = TfliteTable<"SignatureDef">;
export type TensorMap = TfliteTable<"TensorMap">;
export type QuantizationParameters = TfliteTable<"QuantizationParameters">;
export type SparsityParameters = TfliteTable<"SparsityParameters">;

/** An operator's options: `kind` names the table, the other properties are its fields. */
export type BuiltinOptions = Member<TfliteTables, (typeof builtinOptions)[number]>;
export type BuiltinOptions2 = Member<TfliteTables, (typeof builtinOptions2)[number]>;
