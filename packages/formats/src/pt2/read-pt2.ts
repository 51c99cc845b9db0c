import { FormatError } from "../error.ts";
import { looksLikeZip, readDirectory, readZip, type ZipMember } from "../zip/index.ts";
import { checkModels } from "./check-models.ts";
import { readDataFolder } from "./data-folder.ts";
import { JsonField } from "./json/json-field.ts";
import { parseJson } from "./json/parse-json.ts";
import type { Pt2Model } from "./model.ts";
import { decodeProgram } from "./program/decode-program.ts";
import type { ExportedProgram } from "./program/exported-program.ts";
import { looksLikeLegacySave } from "./saved/legacy-save.ts";
import { type SavedEntry, savedValues } from "./saved/saved-values.ts";
import { isStoredTensor } from "./saved/torch-globals.ts";
import { readTorchSave } from "./saved/torch-save.ts";
import { readSerializedParts } from "./serialized-parts.ts";

export interface Pt2Archive {
  /** In the archive's order; at least one. */
  readonly models: readonly Pt2Model[];
}

const programName = /^([^/]+\/)?serialized_exported_program\.json$/;
/** Tensors that a message names. */
const maximumShown = 3;
const modelName = /^([^/]+\/)?models\/([^/]+)\.json$/;

/**
 * Reads what torch.export.save has written, from torch 2.1 on. Throws FormatError `zip.*`, `pickle.*` (a class that is no plain tensor), `pt2.not-pt2`,
 * `pt2.weights-only` (a state dict), `pt2.torchscript`, `pt2.schema-version`, `pt2.malformed`, `pt2.missing-tensor`, `pt2.tensor-size`, and those of `decodeProgram`.
 */
export function readPt2(bytes: Uint8Array): Pt2Archive {
  if (looksLikeLegacySave(bytes)) throw weightsOnly(bytes);
  const members = readZip(bytes);
  const models = readModels(members);
  if (models.length === 0) throw notPt2(bytes, members);
  checkModels(models, bytes.length);
  return { models };
}

/** Whether the bytes are a zip archive with an exported program, or what torch.save wrote, which `readPt2` refuses with a better reason than others. */
export function looksLikePt2(bytes: Uint8Array): boolean {
  if (looksLikeLegacySave(bytes)) return true;
  if (!looksLikeZip(bytes)) return false;
  try {
    const names = readDirectory(bytes).entries.map(({ name }) => name);
    return names.some((name) => modelName.test(name) || programName.test(name) || name.endsWith("/data.pkl"));
  } catch {
    return false;
  }
}

function readModels(members: ReadonlyMap<string, ZipMember>): readonly Pt2Model[] {
  return [...members.values()].flatMap((member): Pt2Model[] => {
    const [, root = "", name] = modelName.exec(member.name) ?? [];
    if (name !== undefined) return [{ name, program: readProgram(member), ...readDataFolder(members, root, name) }];
    if (!programName.test(member.name)) return [];
    const folder = member.name.slice(0, member.name.lastIndexOf("/") + 1);
    return [{ name: "model", program: readProgram(member), ...readSerializedParts(members, folder) }];
  });
}

function readProgram(member: ZipMember): ExportedProgram {
  return decodeProgram(new JsonField(parseJson(member.bytes(), member.name), member.name));
}

const hint = "Export the model with torch.export.export and torch.export.save.";

function notPt2(bytes: Uint8Array, members: ReadonlyMap<string, ZipMember>): FormatError {
  const names = [...members.keys()];
  if (names.some((name) => name.endsWith("/constants.pkl")))
    return new FormatError("pt2.torchscript", "The file is a TorchScript archive, not an exported program.", { hint });
  if (names.some((name) => name.endsWith("/data.pkl"))) return weightsOnly(bytes);
  return new FormatError("pt2.not-pt2", "The zip archive has no exported program.", { hint });
}

/** Tells of a file of torch.save what is in it, as far as that can be read. */
function weightsOnly(bytes: Uint8Array): FormatError {
  const tensors = savedTensors(bytes).flatMap(({ path, value }) =>
    isStoredTensor(value) ? [`"${path}" of [${value.sizes.join(", ")}]`] : [],
  );
  const shown = tensors.slice(0, maximumShown).join(", ") + (tensors.length > maximumShown ? " and others" : "");
  const problem = `The file has only weights, as torch.save writes them, and no graph: ${tensors.length} tensors, ${shown}.`;
  return new FormatError("pt2.weights-only", problem, { hint });
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
