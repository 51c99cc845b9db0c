import { FormatError } from "../../error.ts";
import type { StoredTensor } from "../tensors/stored-tensor.ts";
import { isStoredTensor } from "./torch-globals.ts";

/** A value without parts among what torch.save stores. */
export type SavedValue = StoredTensor | number | bigint | boolean | string | Uint8Array | null;

/** Where a value is, such as `model.stem.0.weight`. */
export interface SavedEntry {
  readonly path: string;
  readonly value: SavedValue;
}

const maximumDepth = 50;
const maximumValues = 100_000;
const maximumKey = 200;

/**
 * The values in nested lists, tuples and dictionaries, in the order of torch.utils._pytree, which is that of a program's user
 * inputs. Values of other kinds are left out. Throws FormatError `pt2.nesting` where they are nested over 50 levels deep, in
 * themselves too, or are over 100,000.
 */
export function savedValues(root: unknown): readonly SavedEntry[] {
  const entries: SavedEntry[] = [];
  let visited = 0;
  const visit = (value: unknown, path: string, depth: number): void => {
    if (depth > maximumDepth || ++visited > maximumValues) throw tooMuch(path);
    if (isSavedValue(value)) entries.push({ path, value });
    else if (Array.isArray(value)) value.forEach((item, index) => void visit(item, join(path, index), depth + 1));
    else if (value instanceof Map) for (const [key, item] of value) visit(item, join(path, key), depth + 1);
  };
  visit(root, "", 0);
  return entries;
}

function join(path: string, key: unknown): string {
  const name = typeof key === "string" || typeof key === "number" ? String(key).slice(0, maximumKey) : "?";
  return path === "" ? name : `${path}.${name}`;
}

function isSavedValue(value: unknown): value is SavedValue {
  const isPlain = value === null || ["number", "bigint", "boolean", "string"].includes(typeof value);
  return isPlain || value instanceof Uint8Array || isStoredTensor(value);
}

function tooMuch(path: string): FormatError {
  return new FormatError("pt2.nesting", "The file of torch.save has more nested values than can be listed.", {
    hint: "Save the state dict alone.",
    where: path.slice(0, 200),
  });
}
