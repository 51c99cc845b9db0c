import { decodeTensor, type ExternalData, type OnnxTensor } from "@millrace/formats/onnx";
import { type DType, fail, fromNumbers, numbersOf, type Tensor, tensorOf } from "@millrace/ir";
import type { Problems } from "./problems.ts";

/** Element types by their code in the file. Strings, complex numbers, 8-bit floats and 2-bit integers are none of the graph's. */
const elementTypes: ReadonlyMap<number, DType> = new Map([
  [1, "f32"],
  [2, "u8"],
  [3, "i8"],
  [4, "u16"],
  [5, "i16"],
  [6, "i32"],
  [7, "i64"],
  [9, "bool"],
  [10, "f16"],
  [11, "f64"],
  [12, "u32"],
  [13, "u64"],
  [16, "bf16"],
  [21, "u4"],
  [22, "i4"],
]);

/** Reads the source's tensors and element types; every float becomes float32, which is reported once for each type. */
export class TensorReader {
  readonly #externalData: ExternalData | undefined;
  readonly #problems: Problems;
  readonly #converted = new Set<DType>();

  constructor(externalData: ExternalData | undefined, problems: Problems) {
    this.#externalData = externalData;
    this.#problems = problems;
  }

  /** A view of the tensor's elements where they can be used as they are stored. Throws FormatError for bad data, a diagnostic for a type without use. */
  decode(tensor: OnnxTensor): Tensor {
    const target = this.elementType(tensor.dataType);
    const { dtype, shape, data } = decodeTensor(tensor, this.#externalData);
    const decoded = tensorOf(dtype as DType, shape, data);
    return dtype === target ? decoded : fromNumbers(target, shape, numbersOf(decoded));
  }

  /** The graph's element type for the code in the file. Throws a diagnostic if there is none. */
  elementType(code: number): DType {
    const found = elementTypes.get(code);
    if (found === undefined)
      return fail("onnx.unsupported-type", `the element type ${code} is not supported`, {
        hint: "Export the model with float32 or plain integer types.",
      });
    if (found !== "f64" && found !== "f16" && found !== "bf16") return found;
    this.#report(found);
    return "f32";
  }

  #report(dtype: "f64" | "f16" | "bf16"): void {
    if (this.#converted.has(dtype)) return;
    this.#converted.add(dtype);
    const name = { f64: "float64", f16: "float16", bf16: "bfloat16" }[dtype];
    this.#problems.add({
      code: "onnx.float32",
      severity: dtype === "f64" ? "warning" : "info",
      message: `The model has ${name} values; they are stored and computed as float32.`,
    });
  }
}
