import { FormatError } from "../error.ts";
import { type SavedEntry, savedValues } from "./saved/saved-values.ts";
import { isStoredTensor } from "./saved/torch-globals.ts";
import { readTorchSave } from "./saved/torch-save.ts";

/** Tensors that a message names. */
const maximumShown = 3;
const maximumLength = 300;
const hint = "Export the model with torch.export.export and torch.export.save.";

/** What an archive of torch without an exported program is, from its members' names. */
export function noProgram(bytes: Uint8Array, names: readonly string[]): FormatError {
  const ends = (ending: string) => names.some((name) => name.endsWith(ending));
  if (ends("/constants.pkl")) return failure("torchscript", "is a TorchScript archive, not an exported program");
  if (ends("/data.pkl")) return weightsOnly(bytes);
  if (names.some((name) => name.includes("/data/aotinductor/")))
    return failure("compiled", "has a model that AOTInductor has compiled for one processor, and no graph");
  return failure("not-pt2", "is a zip archive without an exported program");
}

/** Tells of a file of torch.save what is in it, as far as that can be read. */
export function weightsOnly(bytes: Uint8Array): FormatError {
  const tensors = savedTensors(bytes).flatMap(({ path, value }) =>
    isStoredTensor(value) ? [`"${path}" of [${value.sizes.join(", ")}]`] : [],
  );
  if (tensors.length === 0) return failure("weights-only", "is one of torch.save, and has neither a graph nor tensors");
  const shown = tensors.slice(0, maximumShown).join(", ").slice(0, maximumLength);
  const more = tensors.length > maximumShown ? " and others" : "";
  return failure(
    "weights-only",
    `has weights as torch.save writes them, and no graph: ${tensors.length} tensors, ${shown}${more}`,
  );
}

function failure(code: string, problem: string): FormatError {
  return new FormatError(`pt2.${code}`, `The file ${problem}.`, { hint });
}

/** A model that was saved as a whole names its classes, which only the user's Python knows. */
function savedTensors(bytes: Uint8Array): readonly SavedEntry[] {
  try {
    return savedValues(readTorchSave(bytes));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(error.code, `The file is no exported program but one of torch.save. ${error.message}`, {
      hint,
    });
  }
}
