import { FormatError } from "../../error.ts";
import type { Integer } from "../program/exported-program.ts";
import type { Json } from "./parse-json.ts";

/**
 * A value in a JSON document that knows where it is: each reader gives it as one type, or throws FormatError `pt2.malformed` with
 * that place.
 */
export class JsonField {
  readonly #value: Json | undefined;
  readonly #parent: JsonField | undefined;
  readonly #step: string | number;

  /** The root of a document; `step` is the name of the file. */
  constructor(value: Json | undefined, step: string | number, parent?: JsonField) {
    this.#value = value;
    this.#step = step;
    this.#parent = parent;
  }

  /** Whether there is a value; null is none. */
  get present(): boolean {
    return this.#value !== undefined && this.#value !== null;
  }

  get isObject(): boolean {
    return this.#value instanceof Map;
  }

  get isInfinite(): boolean {
    return typeof this.#value !== "object" && Math.abs(Number(this.#value)) === Number.POSITIVE_INFINITY;
  }

  /** What an object has by that name, which may be nothing. */
  at(name: string): JsonField {
    return new JsonField(this.#object().get(name), name, this);
  }

  /** The names and values of an object, without those that are null. */
  entries(): readonly (readonly [string, JsonField])[] {
    return [...this.#object()]
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [name, new JsonField(value, name, this)] as const);
  }

  /** An object as a map, each value as `read` gives it. */
  map<Value>(read: (field: JsonField) => Value): ReadonlyMap<string, Value> {
    return new Map(this.entries().map(([name, field]) => [name, read(field)]));
  }

  /** An array, each item as `read` gives it. */
  list<Item>(read: (field: JsonField) => Item): readonly Item[] {
    const value = this.#value;
    if (!Array.isArray(value)) return this.fail("is no list");
    return (value as readonly Json[]).map((item, index) => read(new JsonField(item, index, this)));
  }

  string(): string {
    return typeof this.#value === "string" ? this.#value : this.fail("is no text");
  }

  boolean(): boolean {
    return typeof this.#value === "boolean" ? this.#value : this.fail("is neither true nor false");
  }

  integer(): Integer {
    const value = this.#value;
    if (typeof value === "bigint" || Number.isSafeInteger(value)) return value as Integer;
    return this.fail("is no integer");
  }

  /** An integer that is exact as a number. */
  smallInteger(): number {
    const value = this.integer();
    return typeof value === "number" ? value : this.fail("is too large");
  }

  /** A number; torch writes those that are not finite as texts. */
  float(): number {
    const value = this.#value;
    if (typeof value === "number" || typeof value === "bigint") return Number(value);
    if (value === "Infinity" || value === "-Infinity" || value === "NaN") return Number(value);
    return this.fail("is no number");
  }

  /** What `read` gives of the value, or undefined if there is none. */
  optional<Value>(read: (field: JsonField) => Value): Value | undefined {
    return this.present ? read(this) : undefined;
  }

  /** The only member of an object that is a tagged union, by its tag; old files have all others as null. */
  tagged(): readonly [string, JsonField] {
    const present = this.entries();
    return present.length === 1 ? present[0]! : this.fail(`has ${present.length} values where one is expected`);
  }

  fail(problem: string, code = "malformed"): never {
    const where = this.#path();
    throw new FormatError(`pt2.${code}`, `${where} ${this.#value === undefined ? "is missing" : problem}.`, {
      hint: "Export the model again with torch.export.save.",
      where,
    });
  }

  #object(): ReadonlyMap<string, Json> {
    return this.#value instanceof Map ? (this.#value as ReadonlyMap<string, Json>) : this.fail("is no object");
  }

  #path(): string {
    const step = typeof this.#step === "number" ? `[${this.#step}]` : this.#step;
    if (this.#parent === undefined) return step;
    const above = this.#parent.#path();
    return typeof this.#step === "number" ? above + step : `${above}${this.#parent.#parent ? "." : ": "}${step}`;
  }
}
