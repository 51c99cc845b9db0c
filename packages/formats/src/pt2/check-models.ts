import { FormatError } from "../error.ts";
import type { Pt2Model } from "./model.ts";
import { copiedBytes } from "./tensors/stored-tensor.ts";
import { tensorOfInput } from "./tensors/tensor-of-input.ts";

const maximumShown = 5;
/** Bytes of copies that any archive may need. */
const freeCopies = 2 ** 28;

/**
 * Throws FormatError `pt2.missing-tensor` with the names of the parameters, buffers and constants that a signature has and the
 * archive lacks, and `pt2.too-large` where copies of tensors that are not stored as they are used would take over 256 MiB more
 * than four times the archive.
 */
export function checkModels(models: readonly Pt2Model[], archiveBytes: number): void {
  const missing = models.flatMap(missingTensors);
  if (missing.length > 0) throw missingError(missing);
  const tensors = models.flatMap(({ stateDict, constants }) => [...stateDict.values(), ...constants.values()]);
  const copied = tensors.reduce((sum, tensor) => sum + copiedBytes(tensor), 0);
  if (copied <= 4 * archiveBytes + freeCopies) return;
  throw new FormatError(
    "pt2.too-large",
    `The tensors need ${copied} bytes, though the file has only ${archiveBytes}.`,
    {
      hint: "Export the model with tensors that are contiguous.",
    },
  );
}

function missingTensors(model: Pt2Model): readonly string[] {
  return model.program.signature.inputs.flatMap((spec) => {
    const isTensor = spec.kind === "parameter" || spec.kind === "buffer" || spec.kind === "tensorConstant";
    return isTensor && tensorOfInput(spec, model) === undefined ? [spec.target] : [];
  });
}

function missingError(missing: readonly string[]): FormatError {
  const names = missing.slice(0, maximumShown).map((name) => JSON.stringify(name));
  const more = missing.length > maximumShown ? ` and ${missing.length - maximumShown} more` : "";
  return new FormatError("pt2.missing-tensor", `The archive lacks the tensors ${names.join(", ")}${more}.`, {
    hint: "Save the exported program again with its weights.",
    where: missing[0]!,
  });
}
