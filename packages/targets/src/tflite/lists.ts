import { type BuiltinOperatorName, packInt2, packInt4, type TfliteDraft } from "@millrace/formats/tflite";
import {
  bitsOf,
  bytesOf,
  entryShape,
  fromNumbers,
  isStatic,
  type Quantization,
  type Shape,
  type Tensor,
  type Value,
  type ValueType,
} from "@millrace/ir";
import { type StoredType, tensorTypeNames } from "./element-types.ts";
import { smallestShape, spelledShape } from "./open-sizes.ts";

/** The lists of a file as they grow: subgraphs, buffers, and the operator codes in use. */
export interface FileLists {
  readonly subgraphs: TfliteDraft<"SubGraph">[];
  readonly buffers: TfliteDraft<"Buffer">[];
  readonly codes: {
    readonly builtin: BuiltinOperatorName;
    readonly version: number;
    readonly custom: string | undefined;
  }[];
  readonly bufferOf: Map<ArrayBufferLike, Map<string, number>>;
  readonly codeOf: Map<string, number>;
}

/** The lists of one subgraph, which has tensors of its own. */
export interface Lists {
  readonly file: FileLists;
  readonly tensors: TfliteDraft<"Tensor">[];
  readonly types: ValueType[];
  readonly tensorOf: Map<unknown, number>;
  /** Values that the runtime keeps from run to run. */
  readonly kept: ReadonlySet<Value>;
}

/** Buffer 0 is empty, for values without data. */
export function fileLists(): FileLists {
  return { subgraphs: [], buffers: [{}], codes: [], bufferOf: new Map(), codeOf: new Map() };
}

export function subgraphLists(file: FileLists, kept: ReadonlySet<Value> = new Set()): Lists {
  return { file, tensors: [], types: [], tensorOf: new Map(), kept };
}

/** The number of a value's tensor, which is added when first asked for. */
export function tensorOf(lists: Lists, value: Value): number {
  return once(lists.tensorOf, value, () =>
    value.constant
      ? constantOf(lists, value.name, value.constant, value.type.quantization)
      : addTensor(lists, value.name, value.type, lists.kept.has(value) ? { isVariable: true } : {}),
  );
}

/** A tensor with data; tensors that share data share a buffer. */
export function constantOf(lists: Lists, name: string, tensor: Tensor, quantization?: Quantization): number {
  const { dtype, shape, data } = tensor;
  const { bufferOf, buffers } = lists.file;
  const packed = bitsOf(dtype) < 8;
  const stretches = bufferOf.get(data.buffer) ?? new Map<string, number>();
  bufferOf.set(data.buffer, stretches);
  const buffer = once(stretches, `${data.byteOffset} ${data.byteLength} ${packed}`, () => {
    const bytes = packed ? packedBytes(tensor) : bytesOf(tensor);
    return buffers.push({ data: bytes }) - 1;
  });
  return addTensor(lists, name, { dtype, shape, ...(quantization && { quantization }) }, { buffer });
}

/** Elements of less than a byte, side by side; those without a sign have the bits of those with one. */
function packedBytes({ dtype, data }: Tensor): Uint8Array {
  const bits = bitsOf(dtype);
  const signed = Int8Array.from(data as Int8Array, (item) => (item << (32 - bits)) >> (32 - bits));
  return bits === 2 ? packInt2(signed) : packInt4(signed);
}

/** A tensor of a value's type. */
export function addTensor(lists: Lists, name: string, type: ValueType, more: TfliteDraft<"Tensor"> = {}): number {
  const { dtype, shape, quantization } = type;
  const parameters = quantization && quantizationOf(lists, name, shape, quantization);
  lists.types.push(type);
  return (
    lists.tensors.push({
      name,
      type: tensorTypeNames[dtype as StoredType],
      shape: smallestShape(shape),
      ...(!isStatic(shape) && { shapeSignature: spelledShape(shape) }),
      hasRank: true,
      buffer: 0,
      ...(parameters && { quantization: parameters }),
      ...more,
    }) - 1
  );
}

/** Scales of blocks are a tensor of their own, in half precision. */
function quantizationOf(
  lists: Lists,
  name: string,
  shape: Shape,
  quantization: Quantization,
): TfliteDraft<"QuantizationParameters"> {
  const { scale, zeroPoint, axis = 0, block } = quantization;
  if (block === undefined) return { scale, zeroPoint: zeroPoint.map(BigInt), quantizedDimension: axis };
  const scales = constantOf(lists, `${name}/scales`, fromNumbers("f16", entryShape(shape, quantization), scale));
  return { details: { kind: "BlockwiseQuantization", scales, zeroPoints: -1, blockSize: block } };
}

/** The number known for a key, made when first asked for. */
export function once<K>(known: Map<K, number>, key: K, make: () => number): number {
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = make();
  known.set(key, made);
  return made;
}
