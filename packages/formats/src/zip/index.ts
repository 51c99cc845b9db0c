export { type DirectoryEntry, looksLikeZip, readDirectory } from "./directory.ts";
export { readZip, type ZipMember, type ZipOptions } from "./read-zip.ts";
export { writeZip } from "./write-zip.ts";
