import {
  dataTypeOf,
  decodeSparseTensor,
  decodeTensor,
  type ExternalData,
  type OnnxDataType,
  type OnnxSparseTensor,
  type OnnxTensor,
} from "@millrace/formats/onnx";
import {
  type DType,
  fail,
  fromNumbers,
  isFloat,
  numbersOf,
  type Tensor,
  type TensorData,
  tensorOf,
  type Value,
} from "@millrace/ir";
import { Problems } from "./problems.ts";
import { codeValues } from "./small-floats.ts";

/** The graph's element types, after which every float becomes f32. Strings and complex numbers are none of them. */
const elementTypes: ReadonlyMap<OnnxDataType | undefined, DType> = new Map([
  ["FLOAT", "f32"],
  ["DOUBLE", "f64"],
  ["FLOAT16", "f16"],
  ["BFLOAT16", "bf16"],
  ["INT2", "i2"],
  ["INT4", "i4"],
  ["INT8", "i8"],
  ["INT16", "i16"],
  ["INT32", "i32"],
  ["INT64", "i64"],
  ["UINT2", "u2"],
  ["UINT4", "u4"],
  ["UINT8", "u8"],
  ["UINT16", "u16"],
  ["UINT32", "u32"],
  ["UINT64", "u64"],
  ["BOOL", "bool"],
  ["FLOAT8E4M3FN", "f32"],
  ["FLOAT8E4M3FNUZ", "f32"],
  ["FLOAT8E5M2", "f32"],
  ["FLOAT8E5M2FNUZ", "f32"],
  ["FLOAT8E8M0", "f32"],
  ["FLOAT4E2M1", "f32"],
]);

/** A tensor as the file has it. */
export type StoredTensor = OnnxTensor | OnnxSparseTensor;

/** Reads the source's tensors and element types; every float becomes float32, which is reported once for each type. */
export class TensorReader {
  readonly #externalData: ExternalData | undefined;
  readonly #problems: Problems;
  readonly #converted = new Set<OnnxDataType>();
  readonly #sources = new Map<Value, OnnxDataType>();

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
    const values = codeValues(dataType);
    if (values)
      return tensorOf(
        "f32",
        dims,
        Float32Array.from(data as Uint8Array, (code) => values[code]),
      );
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
    if (!isFloat(found) || name === "FLOAT") return found;
    this.#report(name!);
    return "f32";
  }

  /** Remembers that the source states the type `code` for a value, which is narrower than the graph's own where that is f32. */
  note(value: Value, code: number): void {
    const type = dataTypeOf(code);
    if (type) this.#sources.set(value, type);
  }

  /** The type the source states for a value, as far as it is known. */
  sourceType(value: Value): OnnxDataType | undefined {
    return this.#sources.get(value);
  }

  #report(type: OnnxDataType): void {
    if (this.#converted.has(type)) return;
    this.#converted.add(type);
    const name = type === "DOUBLE" ? "float64" : type.toLowerCase();
    this.#problems.add({
      code: "onnx.float32",
      severity: type === "DOUBLE" ? "warning" : "info",
      message: `The model has ${name} values; they are stored and computed as float32.`,
    });
  }
}

/** A stored tensor in an element type of the graph. Throws FormatError for bad data, `onnx.unsupported-type` for a type without use. */
export function importTensor(tensor: StoredTensor): Tensor {
  return new TensorReader(undefined, new Problems()).decode(tensor);
}
