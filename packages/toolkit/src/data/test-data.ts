import { existsSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect } from "vitest";
import { DatasetError } from "./error.ts";
import { type Files, memoryFiles } from "./files.ts";

/** The folder of shared material beside the checkout; tests that need it are skipped without it. */
export const shared = new URL("../../../../../shared/", import.meta.url);

export const hasShared = existsSync(new URL("assets/datasets/", shared));

/** Files in memory: text, bytes, or any value as JSON. */
export function filesOf(entries: Readonly<Record<string, unknown>>): Files {
  const encode = (content: unknown) => {
    if (content instanceof Uint8Array) return content;
    return new TextEncoder().encode(typeof content === "string" ? content : JSON.stringify(content));
  };
  return memoryFiles(new Map(Object.entries(entries).map(([name, content]) => [name, encode(content)])));
}

export function gzip(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(gzipSync(bytes));
}

/** The DatasetError that a call ends in. */
export async function errorOf(call: () => unknown): Promise<DatasetError> {
  try {
    await call();
  } catch (error) {
    expect(error).toBeInstanceOf(DatasetError);
    expect((error as DatasetError).hint).not.toBe("");
    return error as DatasetError;
  }
  throw new Error("the call did not fail");
}
