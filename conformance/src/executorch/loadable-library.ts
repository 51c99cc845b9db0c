import { readFileSync, writeFileSync } from "node:fs";

/** What glibc's loader can't follow in an Android library: names of needed libraries, versions of symbols, and binding at once. */
const dropped = new Set([1n, 30n, 0x6ffffffbn, 0x6ffffff0n, 0x6ffffffen, 0x6fffffffn]);

const dynamicSegment = 2;
const readOnlyAfterwards = 0x6474e552;

/**
 * An x86-64 ELF library made for Android as one that glibc's loader takes: its symbols bind to whatever the process has, each when it is
 * first called, which needs tables that stay writable. Changes the bytes in place.
 */
export function makeLoadable(library: Uint8Array): void {
  const view = new DataView(library.buffer, library.byteOffset, library.byteLength);
  const word = (at: number) => Number(view.getBigUint64(at, true));
  const headers = Array.from({ length: view.getUint16(56, true) }, (_, index) => word(32) + 56 * index);
  for (const header of headers) {
    const type = view.getUint32(header, true);
    if (type === readOnlyAfterwards) view.setUint32(header, 0, true);
    if (type === dynamicSegment) dropEntries(view, word(header + 8), word(header + 32));
  }
}

/** Entries are a tag and a value; one without a tag ends the list. */
function dropEntries(view: DataView, start: number, size: number): void {
  const entries = Array.from({ length: size / 16 }, (_, index) =>
    [0, 8].map((part) => view.getBigUint64(start + 16 * index + part, true)),
  );
  const kept = entries.filter(([tag]) => !dropped.has(tag));
  const words = [...kept.flat(), ...new Array<bigint>(2 * (entries.length - kept.length)).fill(0n)];
  for (const [index, value] of words.entries()) view.setBigUint64(start + 8 * index, value, true);
}

const [from, to] = process.argv.slice(2);
const library = readFileSync(from);
makeLoadable(library);
writeFileSync(to, library);
