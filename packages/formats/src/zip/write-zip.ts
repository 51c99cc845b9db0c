import { zipSync } from "fflate";

/** A fixed time, so that equal files give equal archives. */
const mtime = new Date(1980, 0, 1);

/** A zip archive of files by name, uncompressed; together they may have no more than 4 GiB. */
export function writeZip(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  return zipSync(Object.fromEntries(files), { level: 0, mtime });
}
