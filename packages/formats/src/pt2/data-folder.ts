import { FormatError } from "../error.ts";
import type { ZipMember } from "../zip/index.ts";
import { JsonField } from "./json/json-field.ts";
import { parseJson } from "./json/parse-json.ts";
import type { Pt2Tensors } from "./model.ts";
import { decodeTensorMeta } from "./program/graph.ts";
import { savedValues } from "./saved/saved-values.ts";
import { isStoredTensor } from "./saved/torch-globals.ts";
import { readSavedTensors, readTorchSave } from "./saved/torch-save.ts";
import { type Storage, type StoredTensor, storedTensor } from "./tensors/stored-tensor.ts";

type Members = ReadonlyMap<string, ZipMember>;

interface Payloads {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly objects: ReadonlyMap<string, Uint8Array>;
}

/**
 * The layout since torch 2.7, where `data/weights` and `data/constants` each have a configuration that says which file holds which
 * tensor's storage, or, in torch 2.7 itself, one file of torch.save. Throws FormatError `pt2.malformed`, `pt2.missing-tensor`,
 * `pt2.tensor-size`, and for pickled tensors those of pickle.
 */
export function readDataFolder(members: Members, root: string, model: string): Pt2Tensors {
  const weights = readPayloads(members, `${root}data/weights/`, `${model}_weights_config.json`, `${model}.pt`);
  const constants = readPayloads(members, `${root}data/constants/`, `${model}_constants_config.json`, `${model}.pt`);
  const inputs = members.get(`${root}data/sample_inputs/${model}.pt`);
  return {
    stateDict: weights.tensors,
    constants: constants.tensors,
    customObjects: constants.objects,
    sampleInputs: () => inputs && savedValues(readTorchSave(inputs.bytes())),
  };
}

function readPayloads(members: Members, folder: string, configName: string, savedName: string): Payloads {
  const config = members.get(folder + configName);
  if (config === undefined) return { tensors: readSavedTensors(members.get(folder + savedName)), objects: new Map() };
  const storages = new Map<string, Storage>();
  const tensors = new Map<string, StoredTensor>();
  const objects = new Map<string, Uint8Array>();
  const document = new JsonField(parseJson(config.bytes(), config.name), config.name);
  for (const [name, field] of document.at("config").entries()) {
    const path = folder + field.at("path_name").string();
    const storage = storages.get(path) ?? { name: path, bytes: contents(members, path, name) };
    storages.set(path, storage);
    const isPickled = field.at("use_pickle").boolean();
    if (!field.at("tensor_meta").present) objects.set(name, storage.bytes);
    else tensors.set(name, isPickled ? pickledTensor(name, storage) : tensorOf(name, field.at("tensor_meta"), storage));
  }
  return { tensors, objects };
}

function contents(members: Members, path: string, name: string): Uint8Array {
  const member = members.get(path);
  if (member !== undefined) return member.bytes();
  throw new FormatError("pt2.missing-tensor", `The archive lacks ${path}, where "${name}" should be.`, {
    hint: "Save the exported program again with its weights.",
    where: name,
  });
}

function tensorOf(name: string, field: JsonField, storage: Storage): StoredTensor {
  const { scalarType, sizes, strides, storageOffset, requiresGrad, layout } = decodeTensorMeta(field);
  if (layout !== "strided") return field.fail(`is a tensor of layout ${layout}, which is not dense`, "layout");
  if (storage.bytes.length === 0 && !sizes.includes(0)) throw withoutContents(name);
  const known = (size: (typeof sizes)[number]): number => (typeof size === "number" ? size : Number.NaN);
  return storedTensor(name, {
    scalarType,
    sizes: sizes.map(known),
    strides: strides.map(known),
    storageOffset: known(storageOffset),
    storage,
    requiresGrad,
  });
}

/** A model can be exported with tensors that are only described. */
function withoutContents(name: string): FormatError {
  return new FormatError("pt2.missing-tensor", `"${name}" has a file without contents.`, {
    hint: "Export the model with its real weights, not with fake tensors.",
    where: name,
  });
}

/** Tensors of classes of their own, quantized ones of torchao among them, are refused by the name of the class. */
function pickledTensor(name: string, { bytes }: Storage): StoredTensor {
  const value = readTorchSave(bytes);
  if (isStoredTensor(value)) return value;
  throw new FormatError("pt2.malformed", `"${name}" is pickled as something that is no tensor.`, {
    hint: "Export the model with ordinary tensors.",
    where: name,
  });
}
