import type {
  BytesField,
  DeprecatedField,
  EnumerationField,
  Field,
  ScalarField,
  ScalarValue,
  Schema,
  StringField,
  TableField,
  UnionField,
  VectorField,
} from "./fields.ts";

type Flat<T> = { [K in keyof T]: T[K] };

type Shown<F> = {
  [K in keyof F as F[K] extends DeprecatedField | { readonly internal: true } ? never : K]: F[K];
};

type AlwaysThere = ScalarField | EnumerationField | { readonly kind: "vector"; readonly required: true };

type Value<S extends Schema, F> =
  F extends ScalarField<infer T>
    ? ScalarValue<T>
    : F extends EnumerationField<infer Name>
      ? Name
      : F extends StringField
        ? string
        : F extends BytesField
          ? Uint8Array
          : F extends TableField<infer N>
            ? Table<S, N>
            : F extends VectorField<infer E>
              ? readonly Value<S, E>[]
              : F extends UnionField<infer N>
                ? Member<S, N>
                : never;

/** One member of a union: its table's fields and, in `kind`, the table's name. */
export type Member<S extends Schema, N extends string> = {
  [K in N]: Flat<{ readonly kind: K } & Table<S, K>>;
}[N];

/** A table as a plain object: scalars and required vectors are always there, all else may be absent. */
export type Table<S extends Schema, N extends string> = Flat<
  { readonly [K in keyof Shown<S[N]> as S[N][K] extends AlwaysThere ? K : never]: Value<S, S[N][K]> } & {
    readonly [K in keyof Shown<S[N]> as S[N][K] extends AlwaysThere ? never : K]?: Value<S, S[N][K]>;
  }
>;

type DraftValue<S extends Schema, F> =
  F extends TableField<infer N>
    ? Draft<S, N>
    : F extends VectorField<infer E>
      ? readonly DraftValue<S, E>[]
      : F extends UnionField<infer N>
        ? DraftMember<S, N>
        : Value<S, F>;

export type DraftMember<S extends Schema, N extends string> = {
  [K in N]: Flat<{ readonly kind: K } & Draft<S, K>>;
}[N];

/** A table to be written: a field left out takes the schema's default. Every `Table` is a `Draft`. */
export type Draft<S extends Schema, N extends string> = {
  readonly [K in keyof Shown<S[N]>]?: DraftValue<S, S[N][K]>;
};

/** A table's fields before they have a static type. */
export type PlainTable = Readonly<Record<string, unknown>>;

/** A field with its place in the vtable. */
export interface Slot {
  readonly name: string;
  readonly field: Field;
  readonly id: number;
}

export interface Slots {
  readonly slots: readonly Slot[];
  /** How many vtable entries the schema knows. */
  readonly count: number;
}

/** Places every table's fields: in order, a union taking two slots. */
export function layOut(schema: Schema): ReadonlyMap<string, Slots> {
  return new Map(
    Object.entries(schema).map(([name, fields]) => {
      let count = 0;
      const slots = Object.entries(fields).map(([name, field]) => {
        const id = count;
        count += field.kind === "union" ? 2 : 1;
        return { name, field, id };
      });
      return [name, { slots, count }];
    }),
  );
}
