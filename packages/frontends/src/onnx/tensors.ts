import {
  dataTypeOf,
  decodeSparseTensor,
  decodeTensor,
  type ExternalData,
  type OnnxDataType,
  type OnnxSparseTensor,
  type OnnxTensor,
} from "@millrace/formats/onnx";
import { type DType, fail, fromNumbers, numbersOf, type Tensor, type TensorData, tensorOf } from "@millrace/ir";
import { Problems } from "./problems.ts";

/** The graph's element types. Strings, complex numbers, 8-bit floats and 2-bit integers are none of them. */
const elementTypes: ReadonlyMap<OnnxDataType | undefined, DType> = new Map([
  ["FLOAT", "f32"],
  ["DOUBLE", "f64"],
  ["FLOAT16", "f16"],
  ["BFLOAT16", "bf16"],
  ["INT4", "i4"],
  ["INT8", "i8"],
  ["INT16", "i16"],
  ["INT32", "i32"],
  ["INT64", "i64"],
  ["UINT4", "u4"],
  ["UINT8", "u8"],
  ["UINT16", "u16"],
  ["UINT32", "u32"],
  ["UINT64", "u64"],
  ["BOOL", "bool"],
]);

/** A tensor as the file has it. */
export type StoredTensor = OnnxTensor | OnnxSparseTensor;

/** Reads the source's tensors and element types; every float becomes float32, which is reported once for each type. */
export class TensorReader {
  readonly #externalData: ExternalData | undefined;
  readonly #problems: Problems;
  readonly #converted = new Set<DType>();

  constructor(externalData: ExternalData | undefined, problems: Problems) {
    this.#externalData = externalData;
    this.#problems = problems;
  }

  /** A view of the tensor's elements where they can be used as they are stored. A sparse tensor is made dense. Throws FormatError for bad data, a diagnostic for a type without use. */
  decode(tensor: StoredTensor): Tensor {
    const external = this.#externalData;
    const isSparse = !("dataType" in tensor);
    const target = this.elementType((isSparse ? tensor.values?.dataType : tensor.dataType) ?? 0);
    const { dataType, dims, data } = isSparse
      ? decodeSparseTensor(tensor, { ...(external && { external }) })
      : decodeTensor(tensor, external);
    const stored = tensorOf(elementTypes.get(dataType)!, dims, data as TensorData);
    return stored.dtype === target ? stored : fromNumbers(target, dims, numbersOf(stored));
  }

  /** The graph's element type for the code in the file. Throws a diagnostic if there is none. */
  elementType(code: number): DType {
    const name = dataTypeOf(code);
    const found = elementTypes.get(name);
    if (found === undefined)
      return fail("onnx.unsupported-type", `the element type ${name ?? code} is not supported`, {
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

/** A stored tensor in an element type of the graph. Throws FormatError for bad data, `onnx.unsupported-type` for a type without use. */
export function importTensor(tensor: StoredTensor): Tensor {
  return new TensorReader(undefined, new Problems()).decode(tensor);
}
