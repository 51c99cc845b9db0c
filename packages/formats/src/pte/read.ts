import { checkIdentifier } from "../flatbuffer/identifier.ts";
import type { Table } from "../flatbuffer/objects.ts";
import { type FormatWarning, readRoot } from "../flatbuffer/read.ts";
import { Source } from "../flatbuffer/source.ts";
import { Trail } from "../flatbuffer/trail.ts";
import { readDataList, readInlineData } from "./data-lists.ts";
import { dataNeeds } from "./data-needs.ts";
import { readProgramHeader } from "./extended-header.ts";
import { checkProgramIndices } from "./indices.ts";
import { programTables } from "./schema/program.ts";
import { placeSegments, type Segment, segmentData } from "./segments.ts";
import type { ProgramTables, PteDelegate, PteMethod, PteProgram } from "./types.ts";

export interface PteReadOptions {
  /** Told what was left out or is unusual, at most once for each kind of thing. */
  readonly warn?: (warning: FormatWarning) => void;
}

type StoredProgram = Table<ProgramTables, "Program">;

interface Reading {
  readonly stored: StoredProgram;
  readonly source: Source;
  readonly trail: Trail;
  readonly segments: readonly Segment[];
}

const exportAgain = "the file is damaged, or written for a newer version of the format; export it again";

/**
 * Reads an ExecuTorch program (.pte, identifier ET12), with constants and delegates in segments or inside the FlatBuffer. All
 * data are views of `bytes`. Throws FormatError `pte.not-pte`, `.truncated`, `.malformed`, `.index-out-of-range` or `.unknown-value`.
 */
export function readPte(bytes: Uint8Array, { warn = () => {} }: PteReadOptions = {}): PteProgram {
  const trail = new Trail("pte");
  checkIdentifier(bytes, "ET12", trail);
  const header = readProgramHeader(bytes, trail);
  const flatBuffer = new Source(bytes.subarray(0, header.flatBufferEnd), trail);
  const stored = readRoot(programTables, "Program", flatBuffer, warn) as unknown as StoredProgram;
  if (stored.version !== 0) warn(versionWarning(stored.version));
  checkProgramIndices(stored, trail);
  const source = new Source(bytes, trail);
  const reading = { stored, source, trail, segments: placeSegments(stored.segments, header, source) };
  const methods = trail.each("executionPlan", stored.executionPlan, (plan) => resolveMethod(reading, plan));
  return { version: stored.version, methods, ...readData(reading, methods), namedData: readNamedData(reading) };
}

const versionWarning = (version: number): FormatWarning => ({
  code: "pte.unusual-version",
  message: `version: schema version ${version} was read as if it were 0`,
  hint: "runtimes may refuse such files; export the program again",
  where: "version",
});

function resolveMethod(reading: Reading, plan: StoredProgram["executionPlan"][number]): PteMethod {
  const { trail } = reading;
  return {
    ...plan,
    values: trail.each("values", plan.values, ({ val }) => val ?? refuseUnknown(trail, "value")),
    chains: trail.each("chains", plan.chains, (chain) => ({
      ...chain,
      instructions: trail.each(
        "instructions",
        chain.instructions,
        ({ instrArgs }) => instrArgs ?? refuseUnknown(trail, "instruction"),
      ),
    })),
    delegates: trail.each("delegates", plan.delegates, (delegate) => resolveDelegate(reading, delegate)),
  };
}

function refuseUnknown(trail: Trail, what: string): never {
  return trail.fail("unknown-value", `the ${what} is of no known kind`, exportAgain);
}

type StoredDelegate = StoredProgram["executionPlan"][number]["delegates"][number];

function resolveDelegate({ stored, source, trail, segments }: Reading, delegate: StoredDelegate): PteDelegate {
  const { processed: { location, index } = { location: "INLINE", index: -1 } } = delegate;
  const inline = stored.backendDelegateData;
  const count = location === "INLINE" ? inline.length : segments.length;
  if (index < 0 || index >= count) {
    trail.fail("index-out-of-range", `data ${index} of a delegate, but there are ${count}`, exportAgain);
  }
  const data = location === "INLINE" ? inline[index]!.data : segmentData(source, segments[index]!);
  return { ...delegate, processed: data ?? new Uint8Array(0) };
}

function readData(
  { stored, source, trail, segments }: Reading,
  methods: readonly PteMethod[],
): Pick<PteProgram, "constants" | "mutableData"> {
  const { constantBuffer, constantSegment, mutableDataSegments = [] } = stored;
  const offsets = constantSegment?.offsets ?? [];
  const counts = {
    constants: Math.max(1, offsets.length || constantBuffer.length),
    mutableData: mutableDataSegments.map((list) => list.offsets.length),
  };
  const needs = dataNeeds(methods, counts, trail);
  const segmentOf = (index: number): Segment =>
    segments[index] ?? trail.fail("index-out-of-range", `segment ${index} of ${segments.length}`, exportAgain);
  const constants =
    offsets.length > 0
      ? readDataList(offsets, segmentOf(constantSegment!.segmentIndex), needs.constants, source)
      : readInlineData(constantBuffer, needs.constants, trail);
  return {
    constants: constants.length > 0 ? constants : [new Uint8Array(0)],
    mutableData: trail.each("mutableDataSegments", mutableDataSegments, (list, i) =>
      readDataList(list.offsets, segmentOf(list.segmentIndex), needs.mutableData[i]!, source),
    ),
  };
}

function readNamedData({ stored, source, trail, segments }: Reading): PteProgram["namedData"] {
  return trail.each("namedData", stored.namedData ?? [], ({ key = "", segmentIndex }) => ({
    key,
    data: segmentData(source, segments[segmentIndex]!),
  }));
}
