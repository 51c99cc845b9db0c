import { FormatError } from "../../error.ts";
import { unpickle } from "../../pickle/index.ts";
import { looksLikeZip, readZip, type ZipMember } from "../../zip/index.ts";
import { bytesOf } from "../tensors/scalar-type.ts";
import type { Storage, StoredTensor } from "../tensors/stored-tensor.ts";
import { readLegacySave } from "./legacy-save.ts";
import { storageReference } from "./storage-reference.ts";
import { isStoredTensor, type TypedStorage, torchGlobal } from "./torch-globals.ts";

const pickleName = /^([^/]+)\/data\.pkl$/;

/**
 * What torch.save has written: dictionaries as maps, lists and tuples as arrays, tensors as StoredTensor that look at the bytes. Throws
 * FormatError of zip, pickle and `storedTensor`, and `pt2.malformed` where parts are missing or do not fit.
 */
export function readTorchSave(bytes: Uint8Array): unknown {
  return looksLikeZip(bytes) ? readSavedMembers(readZip(bytes)) : readLegacySave(bytes);
}

/** The same for an archive whose members are known. */
function readSavedMembers(members: ReadonlyMap<string, ZipMember>): unknown {
  const match = [...members.keys()].map((name) => pickleName.exec(name)).find((found) => found !== null);
  if (match === undefined) throw failure("has no data.pkl");
  const [name, root] = match;
  checkByteOrder(members.get(`${root}/byteorder`));
  const storages = new Map<string, Storage>();
  const persistent = (identity: unknown): TypedStorage => {
    const { key, scalarType, count } = storageReference(identity);
    const path = `${root}/data/${key}`;
    const storage = storages.get(path) ?? storageOf(members.get(path), path);
    storages.set(path, storage);
    if (scalarType !== undefined && count * bytesOf(scalarType) > storage.bytes.length)
      throw failure(`declares ${count} elements of ${scalarType} in the ${storage.bytes.length} bytes of ${path}`);
    return { storage, scalarType };
  };
  return unpickle(members.get(name)!.bytes(), { global: torchGlobal, persistent }).value;
}

/** A file of torch.save that is a dictionary of tensors; what else is in it is left out. Without a file there are none. */
export function readSavedTensors(member: ZipMember | undefined): ReadonlyMap<string, StoredTensor> {
  if (member === undefined) return new Map();
  const value = readTorchSave(member.bytes());
  if (!(value instanceof Map)) throw failure(`${member.name} is no dictionary`);
  const isNamed = (entry: [unknown, unknown]): entry is [string, StoredTensor] =>
    typeof entry[0] === "string" && isStoredTensor(entry[1]);
  return new Map([...value].filter(isNamed));
}

function storageOf(member: ZipMember | undefined, path: string): Storage {
  if (member === undefined) throw failure(`lacks ${path}`);
  return { name: path, bytes: member.bytes() };
}

/** Archives of older versions have no such member and were written on little-endian machines. */
function checkByteOrder(member: ZipMember | undefined): void {
  if (member !== undefined && new TextDecoder().decode(member.bytes().subarray(0, 16)) === "big")
    throw failure("stores its numbers with the highest byte first");
}

function failure(problem: string): FormatError {
  return new FormatError("pt2.malformed", `The file of torch.save ${problem}.`, {
    hint: "Save it again with torch.save on a little-endian machine.",
  });
}
