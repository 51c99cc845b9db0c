import type { Tensor as StoredTensor } from "@millrace/formats/tflite";
import { bitsOf, elementCount, fail, type Quantization, type Tensor } from "@millrace/ir";
import { blockQuantization, dequantizeBlocks } from "./blockwise.ts";
import type { Scope } from "./call.ts";
import { densify } from "./sparsity.ts";
import { constantOf, tensorName, typeOf } from "./tensors.ts";

/** What a file stores for a tensor. */
interface Stored {
  readonly tensor: Tensor;
  readonly quantization?: Quantization | undefined;
}

/** Integers that are scaled in blocks. */
interface BlockedConstant {
  readonly tensor: Tensor;
  readonly quantization: Quantization;
}

/** A tensor's stored elements: dense if they are sparse, and as reals if they are scaled in blocks. */
export function storedConstant(scope: Scope, index: number): Stored {
  const blocked = blockedConstant(scope, index);
  if (blocked) return { tensor: dequantizeBlocks(blocked.tensor, blocked.quantization) };
  const stored = scope.subgraph.tensors[index];
  const name = tensorName(stored, index);
  const { quantization } = typeOf(stored, name);
  return { tensor: denseConstant(scope, stored, name), quantization };
}

/** A tensor's integers, if they are scaled in blocks. */
export function blockedConstant(scope: Scope, index: number): BlockedConstant | undefined {
  const { tensors } = scope.subgraph;
  const details = tensors[index].quantization?.details;
  if (details?.kind !== "BlockwiseQuantization") return undefined;
  const [tensor, scales, zeroPoints] = [index, details.scales, details.zeroPoints].map((at) =>
    at < 0 ? undefined : denseConstant(scope, tensors[at], tensorName(tensors[at], at)),
  );
  const blocks = { scales: scales!, zeroPoints, size: details.blockSize };
  return { tensor: tensor!, quantization: blockQuantization(tensor!, blocks, tensorName(tensors[index], index)) };
}

function denseConstant({ model }: Scope, stored: StoredTensor, name: string): Tensor {
  const bytes = model.buffers[stored.buffer]?.data ?? new Uint8Array();
  const { shape, sparsity } = stored;
  if (bytes.length === 0 && elementCount(shape) > 0) {
    const message = `Tensor "${name}" is neither an input nor a constant, and no earlier operator makes it.`;
    fail("tflite.no-data", message, { at: { value: name }, hint: "The file is damaged; export it again." });
  }
  if (sparsity === undefined) return constantOf(stored, bytes, name);
  const { dtype } = typeOf({ ...stored, quantization: undefined }, name);
  const count = Math.floor((bytes.length * 8) / bitsOf(dtype));
  return densify(constantOf(stored, bytes, name, [count]), sparsity, shape, name);
}
