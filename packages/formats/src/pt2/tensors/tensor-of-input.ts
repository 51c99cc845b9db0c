import type { Pt2Tensors } from "../model.ts";
import type { InputSpec } from "../program/exported-program.ts";
import type { StoredTensor } from "./stored-tensor.ts";

/**
 * The tensor an input stands for, if it is one that the archive has. Torch before 2.3 kept buffers that are not persistent in the
 * state dict too.
 */
export function tensorOfInput(spec: InputSpec, { stateDict, constants }: Pt2Tensors): StoredTensor | undefined {
  if (spec.kind === "parameter" || spec.kind === "buffer" || spec.kind === "tensorConstant")
    return stateDict.get(spec.target) ?? constants.get(spec.target);
  return undefined;
}
