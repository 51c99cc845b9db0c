import type { Packed, PackedData } from "./packed.ts";
import { wireTypes } from "./reader.ts";
import type { Scalar } from "./scalar.ts";

/** A field of a message: its number, what it holds, and its value in a message that lacks it (undefined: the property is missing). */
export interface Field<T> {
  readonly number: number;
  readonly codec: Codec;
  readonly repeated: boolean;
  readonly initial: T;
}

/** What a field holds; messages refer to each other, so a message type is given by a function. */
export type Codec = Scalar<unknown> | Packed | { readonly kind: "message"; readonly type: () => MessageType<object> };

/** The fields of a message by property name; the compiler checks that they agree with the interface `M`. */
export type Fields<M> = { readonly [K in keyof M]-?: Field<M[K]> };

export interface NamedField extends Field<unknown> {
  readonly property: string;
  /** What stands before its value when written: `number * 8 + wireType`. */
  readonly tag: number;
}

/** A message as data: one decoder and one encoder are driven by it. */
export interface MessageType<M> {
  readonly name: string;
  readonly byNumber: readonly (NamedField | undefined)[];
  readonly byProperty: ReadonlyMap<string, NamedField>;
  /** A message without fields. */
  readonly initial: M;
}

const nothing: readonly never[] = Object.freeze([]);

export function message<M extends object>(name: string, table: Fields<NoInfer<M>>): MessageType<M> {
  const byNumber: (NamedField | undefined)[] = [];
  const byProperty = new Map<string, NamedField>();
  const initial: Record<string, unknown> = {};
  for (const [property, field] of Object.entries<Field<unknown>>(table)) {
    const named = { ...field, property, tag: tagOf(field) };
    byNumber[field.number] = named;
    byProperty.set(property, named);
    if (field.initial !== undefined) initial[property] = field.initial;
  }
  return { name, byNumber, byProperty, initial: initial as M };
}

/** A value that is always there. */
export function one<T>(number: number, codec: Scalar<T>): Field<T> {
  return { number, codec, repeated: false, initial: codec.zero };
}

/** An array that is always there. */
export function many<T>(number: number, codec: Scalar<T> | (() => MessageType<T & object>)): Field<readonly T[]> {
  return { number, codec: codecOf(codec), repeated: true, initial: nothing };
}

export function optional<T>(number: number, codec: Scalar<T> | (() => MessageType<T & object>)): Field<T | undefined> {
  return { number, codec: codecOf(codec), repeated: false, initial: undefined };
}

export function optionalMany<T>(
  number: number,
  codec: Scalar<T> | (() => MessageType<T & object>),
): Field<readonly T[] | undefined> {
  return { number, codec: codecOf(codec), repeated: true, initial: undefined };
}

export function optionalPacked<T extends PackedData>(number: number, codec: Packed<T>): Field<T | undefined> {
  return { number, codec, repeated: true, initial: undefined };
}

/** A message that the reader of the file checks for; there is no value to stand for a missing one. */
export function required<T>(number: number, type: () => MessageType<T & object>): Field<T> {
  return { number, codec: codecOf(type), repeated: false, initial: undefined as T };
}

function codecOf<T>(codec: Scalar<T> | (() => MessageType<T & object>)): Codec {
  return typeof codec === "function" ? { kind: "message", type: codec } : codec;
}

function tagOf({ number, codec }: Field<unknown>): number {
  return (number << 3) | (codec.kind === "scalar" ? codec.wire : wireTypes.bytes);
}
