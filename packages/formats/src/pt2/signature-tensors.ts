import { FormatError } from "../error.ts";
import type { InputSpec } from "./exported-program.ts";
import type { Pt2Model, Pt2Tensors } from "./model.ts";
import type { StoredTensor } from "./stored-tensor.ts";

const maximumShown = 5;

/** The tensor an input stands for, if it is one that the archive has. Torch before 2.3 kept buffers that are not persistent in the state dict too. */
export function tensorOfInput(spec: InputSpec, { stateDict, constants }: Pt2Tensors): StoredTensor | undefined {
  if (spec.kind === "parameter" || spec.kind === "buffer" || spec.kind === "tensorConstant")
    return stateDict.get(spec.target) ?? constants.get(spec.target);
  return undefined;
}

/** The model itself if every parameter, buffer and constant of its signature is there; else throws FormatError `pt2.missing-tensor` with their names. */
export function checkTensors(model: Pt2Model): Pt2Model {
  const missing = model.program.signature.inputs.flatMap((spec) => {
    const isTensor = spec.kind === "parameter" || spec.kind === "buffer" || spec.kind === "tensorConstant";
    return isTensor && tensorOfInput(spec, model) === undefined ? [spec.target] : [];
  });
  if (missing.length === 0) return model;
  const names = missing.slice(0, maximumShown).map((name) => JSON.stringify(name));
  const more = missing.length > maximumShown ? ` and ${missing.length - maximumShown} more` : "";
  throw new FormatError("pt2.missing-tensor", `The archive lacks the tensors ${names.join(", ")}${more}.`, {
    hint: "Save the exported program again with its weights.",
    where: missing[0]!,
  });
}
