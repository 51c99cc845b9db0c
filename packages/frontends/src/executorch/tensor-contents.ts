import { bytesOf, type StoredTensor } from "@millrace/formats/pt2";
import type { PteProgram, PteTensor } from "@millrace/formats/pte";
import { elementCount, fail } from "@millrace/ir";
import { stridesIn } from "./memory-views.ts";
import { elementTypes } from "./method-arguments.ts";

/** What tensors of a program hold from the start. */
export class TensorContents {
  readonly #program: Pick<PteProgram, "constants" | "mutableData">;
  readonly #external: ReadonlyMap<string, Uint8Array>;

  constructor(program: PteProgram) {
    this.#program = program;
    this.#external = new Map(program.namedData.map(({ key, data }) => [key, data]));
  }

  /** Undefined for what is given or computed. `index` is for messages. Throws `executorch.external-weights` or `.bad-constant`. */
  of(tensor: PteTensor, index: number, name: string): StoredTensor | undefined {
    const bytes = this.#bytesOf(tensor);
    if (bytes === undefined) return undefined;
    const { sizes } = tensor;
    const scalarType = elementTypes[tensor.scalarType];
    if (scalarType === undefined || bytes.length < elementCount(sizes) * bytesOf(scalarType))
      fail(
        "executorch.bad-constant",
        `constant ${index} has ${bytes.length} bytes and is a ${tensor.scalarType} of [${sizes}]`,
        {
          hint: "export the program again",
        },
      );
    const view = { sizes, strides: stridesIn(tensor), storageOffset: 0, requiresGrad: false };
    return { ...view, scalarType, storage: { name, bytes } };
  }

  #bytesOf({ dataBufferIdx, allocationInfo, extraTensorInfo }: PteTensor): Uint8Array | undefined {
    if (extraTensorInfo?.location === "EXTERNAL") {
      const key = extraTensorInfo.fullyQualifiedName ?? "";
      const data = this.#external.get(key);
      if (data) return data;
      return fail("executorch.external-weights", `the program takes "${key}" from another file, which is not there`, {
        hint: "put its .ptd file beside it, with the same name before the ending",
      });
    }
    if (dataBufferIdx === 0) return undefined;
    if (allocationInfo)
      return this.#program.mutableData[Number(extraTensorInfo?.mutableDataSegmentsIdx ?? 0n)]?.[dataBufferIdx];
    return this.#program.constants[dataBufferIdx];
  }
}

/** Zeros for a tensor that nothing says the contents of, held as one element that all others are. Throws `executorch.bad-constant`. */
export function clearedContents({ sizes, scalarType: type }: PteTensor, index: number, name: string): StoredTensor {
  const scalarType = elementTypes[type];
  if (scalarType === undefined)
    return fail("executorch.bad-constant", `buffer ${index} is a ${type} of [${sizes}]`, {
      hint: "export the program again",
    });
  const storage = { name, bytes: new Uint8Array(bytesOf(scalarType)) };
  return { sizes, strides: sizes.map(() => 0), storageOffset: 0, requiresGrad: false, scalarType, storage };
}
