import { FormatError } from "../error.ts";
import { readZip, type ZipMember } from "../zip/index.ts";
import { readDataFolder } from "./data-folder.ts";
import { decodeProgram } from "./decode-program.ts";
import type { ExportedProgram } from "./exported-program.ts";
import { parseJson } from "./json.ts";
import { JsonField } from "./json-field.ts";
import type { Pt2Model } from "./model.ts";
import { readSerializedParts } from "./serialized-parts.ts";
import { checkTensors } from "./signature-tensors.ts";

export interface Pt2Archive {
  /** In the archive's order; at least one. */
  readonly models: readonly Pt2Model[];
}

const programName = "serialized_exported_program.json";
const modelName = /^(.*\/)?models\/([^/]+)\.json$/;

/**
 * Reads what torch.export.save has written, from torch 2.1 on. Throws FormatError `zip.*`, `pickle.*` (a class that is no plain tensor), `pt2.not-pt2`,
 * `pt2.weights-only` (a state dict), `pt2.torchscript`, `pt2.schema-version`, `pt2.malformed`, `pt2.missing-tensor`, `pt2.tensor-size`, and those of `decodeProgram`.
 */
export function readPt2(bytes: Uint8Array): Pt2Archive {
  const members = readZip(bytes);
  const serialized = [...members.keys()].find((name) => name === programName || name.endsWith(`/${programName}`));
  if (serialized !== undefined) return { models: [readSerialized(members, serialized)] };
  const models = [...members.values()].flatMap((member) => {
    const match = modelName.exec(member.name);
    return match === null ? [] : [readModel(members, member, match[1] ?? "", match[2]!)];
  });
  if (models.length === 0) throw notPt2(members);
  return { models };
}

function readModel(members: ReadonlyMap<string, ZipMember>, member: ZipMember, root: string, name: string): Pt2Model {
  return checkTensors({ name, program: readProgram(member), ...readDataFolder(members, root, name) });
}

function readSerialized(members: ReadonlyMap<string, ZipMember>, path: string): Pt2Model {
  const root = path.slice(0, -programName.length);
  const program = readProgram(members.get(path)!);
  return checkTensors({ name: "model", program, ...readSerializedParts(members, root) });
}

function readProgram(member: ZipMember): ExportedProgram {
  return decodeProgram(new JsonField(parseJson(member.bytes(), member.name), member.name));
}

function notPt2(members: ReadonlyMap<string, ZipMember>): FormatError {
  const names = [...members.keys()];
  const ends = (ending: string) => names.some((name) => name.endsWith(ending));
  const hint = "Export the model with torch.export.export and torch.export.save.";
  if (ends("/constants.pkl") && names.some((name) => name.includes("/code/")))
    return new FormatError("pt2.torchscript", "The file is a TorchScript archive, not an exported program.", { hint });
  if (ends("/data.pkl"))
    return new FormatError("pt2.weights-only", "The file has only weights, as torch.save writes them, and no graph.", {
      hint,
    });
  return new FormatError("pt2.not-pt2", "The zip archive has no exported program.", { hint });
}
