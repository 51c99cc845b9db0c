import { looksLikeZip, readDirectory, readZip, type ZipMember } from "../zip/index.ts";
import { checkModels } from "./check-models.ts";
import { readDataFolder } from "./data-folder.ts";
import { JsonField } from "./json/json-field.ts";
import { parseJson } from "./json/parse-json.ts";
import type { Pt2Model } from "./model.ts";
import { noProgram, weightsOnly } from "./no-program.ts";
import { decodeProgram } from "./program/decode-program.ts";
import type { ExportedProgram } from "./program/exported-program.ts";
import { looksLikeLegacySave } from "./saved/legacy-save.ts";
import { readSerializedParts } from "./serialized-parts.ts";

export interface Pt2Archive {
  /** In the archive's order; at least one. */
  readonly models: readonly Pt2Model[];
}

const programName = /^([^/]+\/)?serialized_exported_program\.json$/;
const modelName = /^([^/]+\/)?models\/([^/]+)\.json$/;

/**
 * Reads what torch.export.save has written, from schema 2 (torch 2.2) on. Throws FormatError `zip.*`, `pickle.*` (a class that is no plain
 * tensor), `pt2.not-pt2`, `pt2.weights-only` (a state dict), `pt2.torchscript`, `pt2.compiled`, `pt2.schema-version`,
 * `pt2.malformed`, `pt2.missing-tensor`, `pt2.tensor-size`, and those of `decodeProgram`.
 */
export function readPt2(bytes: Uint8Array): Pt2Archive {
  if (looksLikeLegacySave(bytes)) throw weightsOnly(bytes);
  const members = readZip(bytes);
  const models = readModels(members);
  if (models.length === 0) throw noProgram(bytes, [...members.keys()]);
  checkModels(models, bytes.length);
  return { models };
}

/**
 * Whether the bytes are a zip archive with an exported program, or what torch.save wrote, which `readPt2` refuses with a better
 * reason than others.
 */
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
