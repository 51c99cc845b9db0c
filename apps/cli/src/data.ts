import type { Dataset } from "@millrace/toolkit";
import { RequestError } from "./request-error.ts";

export const dataDescription = "folder with dataset.json, folder of .npy files by input name, or one .npz";

/** Opens what --data names. Throws a RequestError `data.not-given` without it, and a DatasetError for what can't be used. */
export async function openData(path: string | undefined, use: string): Promise<Dataset> {
  requireData(path, use);
  const { openDataset } = await import("@millrace/toolkit");
  const { folderFiles } = await import("@millrace/devices/node");
  return openDataset(folderFiles(path));
}

export function requireData(path: string | undefined, use: string): asserts path is string {
  if (path !== undefined) return;
  throw new RequestError("data.not-given", `${use} needs real samples, and --data was not given`, {
    hint: `give --data DATA: a ${dataDescription}`,
  });
}
