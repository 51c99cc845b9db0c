import type { SchemaType } from "@millrace/formats/aten";
import type { Argument, Integer, ScalarType } from "@millrace/formats/pt2";
import { type PteMethod, type PteValue, scalarTypes as runtimeTypes } from "@millrace/formats/pte";
import { fail } from "@millrace/ir";
import type { OpenSizes } from "./open-sizes.ts";

/** The element types of ExecuTorch as torch calls them. */
export const elementTypes: Readonly<Record<string, Exclude<ScalarType, "unknown">>> = {
  BYTE: "uint8",
  CHAR: "int8",
  SHORT: "int16",
  INT: "int32",
  LONG: "int64",
  HALF: "float16",
  FLOAT: "float32",
  DOUBLE: "float64",
  COMPLEXHALF: "complex32",
  COMPLEXFLOAT: "complex64",
  COMPLEXDOUBLE: "complex128",
  BOOL: "bool",
  BFLOAT16: "bfloat16",
  UINT16: "uint16",
  UINT32: "uint32",
  UINT64: "uint64",
};

const typesByCode = new Map(Object.entries(runtimeTypes).map(([name, code]) => [code as number, elementTypes[name]]));

/** How memory formats are numbered in c10. */
const memoryFormats = ["contiguous", "preserve", "channelsLast", "channelsLast3d"] as const;

/** The arguments of a method's calls, as nodes of an exported program have them. */
export class MethodArguments {
  readonly #values: PteMethod["values"];
  readonly #nameOf: (index: number) => string;
  readonly #sizes: Pick<OpenSizes, "nameOf">;

  /** `nameOf` gives the name of a tensor by its place among the method's values, `sizes` those of open sizes. */
  constructor(
    { values }: Pick<PteMethod, "values">,
    nameOf: (index: number) => string,
    sizes: Pick<OpenSizes, "nameOf">,
  ) {
    this.#values = values;
    this.#nameOf = nameOf;
    this.#sizes = sizes;
  }

  /** What a value is for an argument of a type of the schema language. */
  argument(index: number, { base }: SchemaType): Argument {
    const value = this.#values[index];
    switch (value.kind) {
      case "Null":
        return { kind: "none" };
      case "Int":
        return this.#integer(this.#sizes.nameOf(index) ?? integerOf(value), base);
      case "Double":
        return { kind: "float", value: value.doubleVal };
      case "Bool":
        return { kind: "bool", value: value.boolVal };
      case "String":
        return { kind: "string", value: value.stringVal ?? "" };
      case "Tensor":
        return { kind: "tensor", name: this.#nameOf(index) };
      case "DoubleList":
        return { kind: "floats", values: value.items };
      case "BoolList":
        return { kind: "bools", values: value.items };
      case "IntList":
        return { kind: "ints", values: value.items.map((item) => this.#item(Number(item))) };
      case "TensorList":
        return { kind: "tensors", names: value.items.map(this.#nameOf) };
      case "OptionalTensorList":
        return {
          kind: "optionalTensors",
          names: value.items.map((item) =>
            item < 0 || this.#values[item].kind === "Null" ? undefined : this.#nameOf(item),
          ),
        };
    }
  }

  #integer(value: Integer | string, base: string): Argument {
    if (base === "ScalarType") return { kind: "scalarType", value: typesByCode.get(Number(value)) ?? "unknown" };
    if (base === "MemoryFormat") return { kind: "memoryFormat", value: memoryFormats[Number(value)] ?? "unknown" };
    if (base === "Layout") return { kind: "layout", value: value === 0 ? "strided" : "unknown" };
    return { kind: "int", value };
  }

  #item(index: number): Integer | string {
    const value = this.#values[index];
    if (value.kind === "Int") return this.#sizes.nameOf(index) ?? integerOf(value);
    return fail("executorch.bad-list", `value ${index} is in a list of integers and is a ${value.kind}`, {
      hint: "export the program again",
    });
  }
}

function integerOf({ intVal }: Extract<PteValue, { kind: "Int" }>): Integer {
  const number = Number(intVal);
  return Number.isSafeInteger(number) ? number : intVal;
}

/** Files have no names of tensors but those of parameters in other files; inputs and outputs are numbered. */
export function namesOf({ inputs, outputs }: PteMethod): ReadonlyMap<number, string> {
  const numbered = (indices: readonly number[], label: string) =>
    indices.map((index, at) => [index, `${label}_${at}`] as const);
  return new Map([...numbered(outputs, "output"), ...numbered(inputs, "input")]);
}
