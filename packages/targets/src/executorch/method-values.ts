import type { SchemaType } from "@millrace/formats/aten";
import type { PteValueDraft } from "@millrace/formats/pte";
import type { EdgeArgument, EdgeTensor } from "./edge-program.ts";

/** Types of the schema language whose values are integers. */
export const integers = new Set(["int", "SymInt", "ScalarType", "MemoryFormat", "Layout"]);

/** The values of a method, each of them once. */
export class MethodValues {
  readonly values: PteValueDraft[] = [];
  readonly #indices = new Map<EdgeTensor | string, number>();
  readonly #write: (tensor: EdgeTensor) => PteValueDraft;
  readonly #sizeOf: (size: string) => number;

  /** `write` tells how a tensor is stored, `sizeOf` which value holds an open size. */
  constructor(write: (tensor: EdgeTensor) => PteValueDraft, sizeOf: (size: string) => number) {
    this.#write = write;
    this.#sizeOf = sizeOf;
  }

  /** Adds a value that is no other. */
  add(value: PteValueDraft): number {
    return this.values.push(value) - 1;
  }

  tensor(tensor: EdgeTensor): number {
    return this.#once(tensor, () => this.#write(tensor));
  }

  tensors(tensors: readonly EdgeTensor[]): number {
    return this.#plain("TensorList", { kind: "TensorList", items: tensors.map((tensor) => this.tensor(tensor)) });
  }

  /** The value of an argument of a type of the schema language. */
  argument(argument: EdgeArgument, type: SchemaType): number {
    if (argument === null) return this.#plain("Null", { kind: "Null" });
    return type.list ? this.#list(argument as readonly EdgeArgument[], type) : this.#single(argument, type.base);
  }

  #single(argument: EdgeArgument, base: string): number {
    if (base === "Tensor") return this.tensor(argument as EdgeTensor);
    if (typeof argument === "boolean") return this.#plain("Bool", { kind: "Bool", boolVal: argument });
    if (typeof argument === "string" && integers.has(base)) return this.#sizeOf(argument);
    if (typeof argument === "string") return this.#plain("String", { kind: "String", stringVal: argument });
    const number = argument as number;
    const isWhole = integers.has(base) || (base === "Scalar" && Number.isSafeInteger(number));
    if (isWhole) return this.#plain("Int", { kind: "Int", intVal: BigInt(number) });
    return this.#plain("Double", { kind: "Double", doubleVal: number });
  }

  #list(items: readonly EdgeArgument[], { base, list }: SchemaType): number {
    if (base === "Tensor" && list?.optionalElements) {
      const indices = (items as readonly (EdgeTensor | null)[]).map((item) => (item ? this.tensor(item) : -1));
      return this.#plain("OptionalTensorList", { kind: "OptionalTensorList", items: indices });
    }
    if (base === "Tensor") return this.tensors(items as readonly EdgeTensor[]);
    if (base === "bool") return this.#plain("BoolList", { kind: "BoolList", items: items as readonly boolean[] });
    if (base === "float") return this.#plain("DoubleList", { kind: "DoubleList", items: items as readonly number[] });
    const indices = items.map((item) => BigInt(this.#single(item, "int")));
    return this.#plain("IntList", { kind: "IntList", items: indices });
  }

  #plain(kind: string, value: PteValueDraft): number {
    const content = JSON.stringify(value, (_, item) => (typeof item === "bigint" ? `${item}` : numberText(item)));
    return this.#once(`${kind} ${content}`, () => value);
  }

  #once(key: EdgeTensor | string, make: () => PteValueDraft): number {
    const known = this.#indices.get(key);
    if (known !== undefined) return known;
    const index = this.add(make());
    this.#indices.set(key, index);
    return index;
  }
}

/** Numbers that JSON has no word for as text. */
function numberText(item: unknown): unknown {
  return typeof item === "number" && (!Number.isFinite(item) || Object.is(item, -0)) ? `${1 / item} ${item}` : item;
}
