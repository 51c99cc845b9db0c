import type { Tensor as StoredTensor } from "@millrace/formats/tflite";
import { bitsOf, elementCount, fail, type Quantization, type Tensor } from "@millrace/ir";
import { dequantizeBlocks } from "./blockwise.ts";
import type { Scope } from "./call.ts";
import { densify } from "./sparsity.ts";
import { constantOf, tensorName, typeOf } from "./tensors.ts";

/** What a file stores for a tensor. */
interface Stored {
  readonly tensor: Tensor;
  readonly quantization?: Quantization | undefined;
}

/** A tensor's stored elements: dense if they are sparse, and as reals if they are scaled in blocks. */
export function storedConstant(scope: Scope, index: number): Stored {
  const stored = scope.subgraph.tensors[index];
  const name = tensorName(stored, index);
  const details = stored.quantization?.details;
  if (details?.kind !== "BlockwiseQuantization") {
    const { quantization } = typeOf(stored, name);
    return { tensor: denseConstant(scope, stored, name), quantization };
  }
  const other = (at: number) => {
    const tensor = scope.subgraph.tensors[at];
    return denseConstant(scope, tensor, tensorName(tensor, at));
  };
  const zeroPoints = details.zeroPoints < 0 ? undefined : other(details.zeroPoints);
  const tensor = denseConstant(scope, stored, name);
  return { tensor: dequantizeBlocks(tensor, other(details.scales), zeroPoints, details.blockSize, name) };
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
