import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const block = 512;

/** The files of a gzipped tar archive by their paths inside it. */
export function readArchive(path: string): ReadonlyMap<string, Uint8Array> {
  const tar = gunzipSync(readFileSync(path));
  const text = (at: number, size: number) => tar.toString("utf8", at, at + size).split("\0")[0];
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at < tar.length && text(at, 100) !== ""; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    const start = at + block;
    files.set(text(at, 100).replace(/^\.\//, ""), new Uint8Array(tar.subarray(start, start + size)));
    at = start + block * Math.ceil(size / block);
  }
  return files;
}
