import { denseTensor, type StoredTensor } from "@millrace/formats/pt2";
import { fromNumbers, numbersOf, type Tensor, type TensorData, tensorOf, type Value } from "@millrace/ir";
import type { Builder } from "../onnx/builder.ts";
import type { Problems } from "./problems.ts";
import { elementTypeOf } from "./types.ts";

/** The program's parameters, buffers and constants as constants of the graph; those that look at the same memory in the same way are one. */
export class Constants {
  readonly #builder: Builder;
  readonly #problems: Problems;
  readonly #made = new Map<StoredTensor["storage"], Map<string, Value>>();
  readonly #converted = new Set<string>();

  constructor(builder: Builder, problems: Problems) {
    this.#builder = builder;
    this.#problems = problems;
  }

  /** The constant called `name`, or undefined after a problem that was reported. */
  valueOf(name: string, stored: StoredTensor): Value | undefined {
    const tied = this.#made.get(stored.storage) ?? new Map<string, Value>();
    this.#made.set(stored.storage, tied);
    const view = `${stored.scalarType}[${stored.sizes}] ${stored.strides} ${stored.storageOffset}`;
    const known = tied.get(view);
    if (known) return known;
    const place = { label: `The tensor "${name}"`, at: { value: name } };
    const value = this.#problems.try(place, () => this.#builder.constant(name, this.#read(name, stored)));
    if (value) tied.set(view, value);
    return value;
  }

  /** Reals of other types are held in float32, which is told once for each type. */
  #read(name: string, stored: StoredTensor): Tensor {
    const target = elementTypeOf(stored.scalarType);
    const { sizes, data } = denseTensor(name, stored);
    const half = { float16: "f16", bfloat16: "bf16", float64: "f64" } as const;
    if (!(stored.scalarType in half)) return tensorOf(target, sizes, data as TensorData);
    const numbers = numbersOf(tensorOf(half[stored.scalarType as keyof typeof half], sizes, data as TensorData));
    if (stored.scalarType !== "float64" || !Array.prototype.every.call(numbers, isFloat32))
      this.#report(stored.scalarType);
    return fromNumbers(target, sizes, numbers);
  }

  #report(type: string): void {
    if (this.#converted.has(type)) return;
    this.#converted.add(type);
    this.#problems.add({
      code: "torch.float32",
      severity: type === "float64" ? "warning" : "info",
      message: `The model has ${type} values; they are stored and computed as float32.`,
    });
  }
}

function isFloat32(number: number): boolean {
  return Object.is(Math.fround(number), number);
}
