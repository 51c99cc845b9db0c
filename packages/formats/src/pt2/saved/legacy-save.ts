import { FormatError } from "../../error.ts";
import { type PickleGlobal, unpickle } from "../../pickle/index.ts";
import { bytesOf } from "../tensors/scalar-type.ts";
import type { Storage } from "../tensors/stored-tensor.ts";
import { type StorageReference, storageReference } from "./storage-reference.ts";
import { type TypedStorage, torchGlobal } from "./torch-globals.ts";

/** The pickle of torch's magic number 0x1950a86a20f9469cfc6c, with which files begin. */
const magic = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
/** Of the number of elements before each storage. */
const countBytes = 8;

/** Whether the bytes begin as torch.save wrote them before version 1.6. */
export function looksLikeLegacySave(bytes: Uint8Array): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}

/**
 * Reads what torch.save wrote before version 1.6, without a zip archive: pickles of a magic number, a version, facts of the
 * machine, the value and the keys of its storages, then each storage as its number of elements and its bytes. As storages come
 * last, the value is read twice. Throws FormatError of pickle and `pt2.malformed`.
 */
export function readLegacySave(bytes: Uint8Array): unknown {
  if (!looksLikeLegacySave(bytes)) throw failure("is of no known form");
  const facts = [0, 1].reduce((start) => unpickle(bytes, { global: nothing, start }).end, magic.length);
  const references = new Map<string, StorageReference>();
  const note = (identity: unknown): undefined => {
    const reference = storageReference(identity);
    references.set(reference.key, reference);
  };
  const { end } = unpickle(bytes, { global: inert, persistent: note, start: facts });
  const storages = readStorages(bytes, end, references);
  const persistent = (identity: unknown): TypedStorage => {
    const { key, scalarType } = storageReference(identity);
    return { storage: storages.get(key)!, scalarType };
  };
  return unpickle(bytes, { global: torchGlobal, persistent, start: facts }).value;
}

function nothing(): undefined {}

/** What is called gives a dictionary, which takes whatever comes. */
function inert(name: string): PickleGlobal | undefined {
  const global = torchGlobal(name);
  return global?.call ? { name, call: () => new Map() } : global;
}

function readStorages(
  bytes: Uint8Array,
  start: number,
  references: ReadonlyMap<string, StorageReference>,
): ReadonlyMap<string, Storage> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const storages = new Map<string, Storage>();
  const { value: keys, end } = unpickle(bytes, { global: nothing, start });
  let offset = end;
  for (const key of Array.isArray(keys) ? keys : []) {
    const { scalarType } = references.get(key) ?? {};
    if (offset + countBytes > bytes.length) throw failure("ends within its storages");
    const size = Number(view.getBigUint64(offset, true)) * (scalarType === undefined ? 1 : bytesOf(scalarType));
    offset += countBytes;
    if (size > bytes.length - offset) throw failure("ends within its storages");
    storages.set(key, { name: `storage ${key}`, bytes: bytes.subarray(offset, offset + size) });
    offset += size;
  }
  const missing = [...references.keys()].find((key) => !storages.has(key));
  if (missing !== undefined) throw failure(`lacks the storage ${missing.slice(0, 100)}`);
  return storages;
}

function failure(problem: string): FormatError {
  return new FormatError("pt2.malformed", `The file of torch.save ${problem}.`, {
    hint: "Save it again with torch.save, as a zip archive.",
  });
}
