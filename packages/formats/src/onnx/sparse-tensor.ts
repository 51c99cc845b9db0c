import { FormatError } from "../error.ts";
import { dataTypes, entriesOf, type OnnxArray, type OnnxNumberType } from "./data-type.ts";
import type { ExternalData } from "./external-data.ts";
import type { OnnxSparseTensor } from "./model.ts";
import { decodeTensor, elementCount, type OnnxTensorValue } from "./tensor.ts";

export interface SparseOptions {
  readonly external?: ExternalData;
  /** Elements of the dense tensor that are accepted; a few bytes can declare any number. Default 2^26. */
  readonly maximumElements?: number;
}

/**
 * The dense form of a sparse tensor: zeros (or empty texts) with the stored values at their indices, which must ascend.
 * Throws FormatError `onnx.sparse-tensor` and those of `decodeTensor`.
 */
export function decodeSparseTensor(sparse: OnnxSparseTensor, options: SparseOptions = {}): OnnxTensorValue {
  const { external, maximumElements = 2 ** 26 } = options;
  const { dims } = sparse;
  const name = sparse.values?.name ?? "";
  if (sparse.values === undefined || sparse.indices === undefined) throw failure(name, "lacks its values or indices");
  const count = elementCount(dims, name);
  if (count > maximumElements)
    throw failure(name, `has ${count} elements when dense, over the limit ${maximumElements}`);
  const values = decodeTensor(sparse.values, external);
  const stored = elementCount(values.dims, name);
  const indices = linearIndices(decodeTensor(sparse.indices, external), dims, name);
  if (indices.length !== stored) throw failure(name, `has ${stored} values but ${indices.length} indices`);
  for (const [at, index] of indices.entries())
    if (index >= count || index <= (indices[at - 1] ?? -1))
      throw failure(name, `has index ${index} out of order or range`);
  if (values.dataType === "STRING")
    return { dataType: "STRING", dims, data: scatterTexts(values.data, indices, count) };
  return { dataType: values.dataType, dims, data: scatter(values.dataType, values.data, indices, count) };
}

/** Indices of shape [count], or of shape [count, rank] made linear by the strides of `dims`. */
function linearIndices(indices: OnnxTensorValue, dims: readonly number[], name: string): readonly number[] {
  const { data } = indices;
  const [count = 0, rank = 0] = indices.dims;
  if (!(data instanceof BigInt64Array)) throw failure(name, `has indices of type ${indices.dataType}, not INT64`);
  if (indices.dims.length === 1) return Array.from(data, Number);
  if (indices.dims.length !== 2 || rank !== dims.length)
    throw failure(name, `has indices of shape [${indices.dims.join(", ")}] for ${dims.length} dims`);
  return Array.from({ length: count }, (_, at) =>
    dims.reduce((linear, dim, axis) => {
      const index = Number(data[at * rank + axis]!);
      if (index < 0 || index >= dim) throw failure(name, `has index ${index} in axis ${axis} of size ${dim}`);
      return linear * dim + index;
    }, 0),
  );
}

function scatter(dataType: OnnxNumberType, values: OnnxArray, indices: readonly number[], count: number): OnnxArray {
  const entries = entriesOf(dataType);
  const dense = new dataTypes[dataType].array(count * entries);
  for (let at = 0; at < values.length; at++)
    dense[indices[Math.floor(at / entries)]! * entries + (at % entries)] = values[at]!;
  return dense;
}

function scatterTexts(values: readonly string[], indices: readonly number[], count: number): readonly string[] {
  const dense = new Array<string>(count).fill("");
  for (const [at, index] of indices.entries()) dense[index] = values[at]!;
  return dense;
}

function failure(name: string, problem: string): FormatError {
  return new FormatError("onnx.sparse-tensor", `Sparse tensor "${name}" ${problem}.`, {
    hint: "Export the model again, or with dense initializers.",
    where: name,
  });
}
