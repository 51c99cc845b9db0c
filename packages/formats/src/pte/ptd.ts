import { checkIdentifier } from "../flatbuffer/identifier.ts";
import { checkIndices } from "../flatbuffer/indices.ts";
import type { Table } from "../flatbuffer/objects.ts";
import { joinParts } from "../flatbuffer/parts.ts";
import { readRoot } from "../flatbuffer/read.ts";
import { Source } from "../flatbuffer/source.ts";
import { Trail } from "../flatbuffer/trail.ts";
import { writeRoot } from "../flatbuffer/write.ts";
import { readDataHeader } from "./extended-header.ts";
import { dataHeader, insertHeader } from "./insert-header.ts";
import type { PteReadOptions } from "./read.ts";
import { flatTensorTables } from "./schema/flat-tensor.ts";
import { placeSegments, SegmentList, segmentData } from "./segments.ts";
import { tensorBytes } from "./tensor-bytes.ts";
import type { PtdEntry, PtdFile } from "./types.ts";

const segmentAlignment = 16;

type StoredData = Table<typeof flatTensorTables, "FlatTensor">;

/**
 * Reads a file of named data (.ptd, identifier FT01). All data are views of `bytes`. Throws FormatError `ptd.not-ptd`, `.truncated`,
 * `.malformed`, `.index-out-of-range`.
 */
export function readPtd(bytes: Uint8Array, { warn = () => {} }: PteReadOptions = {}): PtdFile {
  const trail = new Trail("ptd");
  checkIdentifier(bytes, "FT01", trail);
  const header = readDataHeader(bytes, trail);
  const flatBuffer = new Source(bytes.subarray(0, header.flatBufferEnd), trail);
  const stored = readRoot(flatTensorTables, "FlatTensor", flatBuffer, warn) as unknown as StoredData;
  checkIndices(
    flatTensorTables,
    "FlatTensor",
    stored,
    { FlatTensor: () => ({ segments: stored.segments.length }) },
    trail,
  );
  const source = new Source(bytes, trail);
  const segments = placeSegments(stored.segments, header, source);
  const entries = trail.each("namedData", stored.namedData, ({ key = "", segmentIndex, tensorLayout }) => {
    const data = segmentData(source, segments[segmentIndex]!);
    const entry = { key, ...(tensorLayout && { layout: tensorLayout }), data };
    checkEntry(entry, trail);
    return entry;
  });
  return { version: stored.version, entries };
}

/**
 * Named data as a .ptd file. Each starts at a multiple of 16 bytes; the same view is stored once. Throws FormatError `ptd.bad-value` or
 * `.malformed`.
 */
export function writePtd({ version = 0, entries }: Partial<PtdFile> & Pick<PtdFile, "entries">): Uint8Array {
  const trail = new Trail("ptd");
  trail.each("entries", entries, (entry) => checkEntry(entry, trail));
  const segments = new SegmentList(segmentAlignment);
  const namedData = entries.map(({ key, layout, data }) => ({
    key,
    segmentIndex: segments.addShared(data),
    ...(layout && { tensorLayout: layout }),
  }));
  const stored = { version, segments: segments.stored, namedData };
  const flatBuffer = writeRoot(flatTensorTables, "FlatTensor", stored, "FT01", trail);
  return joinParts(insertHeader(flatBuffer, dataHeader, segments.data, segmentAlignment));
}

function checkEntry({ layout, data }: PtdEntry, trail: Trail): void {
  const needed = (layout && tensorBytes(layout, trail)) ?? 0;
  if (needed <= data.length) return;
  const hint = "the file is cut off or damaged; fetch or export it again";
  trail.fail("malformed", `${data.length} bytes for a tensor of ${needed} bytes`, hint);
}
