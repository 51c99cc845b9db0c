import { FormatError } from "../../error.ts";
import { isStorageClass, type StorageClass } from "./torch-globals.ts";

/** How a pickle refers to a storage: by its key, with the element type and the number of elements (of bytes where it has no type). */
export interface StorageReference {
  readonly key: string;
  readonly scalarType: StorageClass["scalarType"];
  readonly count: number;
}

/** Reads the identity `("storage", class, key, device, count, …)`. Throws FormatError `pt2.malformed` for any other. */
export function storageReference(identity: unknown): StorageReference {
  const [kind, type, key, , count] = Array.isArray(identity) ? identity : [];
  if (
    kind === "storage" &&
    isStorageClass(type) &&
    typeof key === "string" &&
    Number.isSafeInteger(count) &&
    count >= 0
  )
    return { key, scalarType: type.scalarType, count };
  throw new FormatError("pt2.malformed", "The file of torch.save refers to something that is no storage.", {
    hint: "Save it again with torch.save.",
  });
}
