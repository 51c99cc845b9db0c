import type { Draft } from "../flatbuffer/objects.ts";
import { joinParts } from "../flatbuffer/parts.ts";
import { Trail } from "../flatbuffer/trail.ts";
import { writeRoot } from "../flatbuffer/write.ts";
import { sharing } from "./aligned-parts.ts";
import { checkData, packDataList } from "./data-lists.ts";
import { dataNeeds } from "./data-needs.ts";
import { checkProgramIndices } from "./indices.ts";
import { insertHeader, programHeader } from "./insert-header.ts";
import { programTables } from "./schema/program.ts";
import { SegmentList } from "./segments.ts";
import type { ProgramTables, PteMethodDraft, PteProgramDraft } from "./types.ts";

export interface PteWriteOptions {
  /** Where delegates' data goes: into segments of their own, which is the default, or into the FlatBuffer. */
  readonly delegates?: "segments" | "inline";
}

const segmentAlignment = 128;

type StoredMethod = Draft<ProgramTables, "ExecutionPlan">;
type DataReference = Draft<ProgramTables, "BackendDelegateDataReference">;

/**
 * A program as a .pte file, in parts to be written one after another: its data are among them and not copied. The same program
 * gives the same bytes, and reading them back an equal program. Data start at multiples of 16 bytes, segments of 128; the
 * same view is stored once. `constants[0]` and the first entry of each list of first states are to be empty. Throws FormatError
 * `pte.bad-value`, `.index-out-of-range`, `.malformed`, `.first-constant` or `.too-large` (2 GiB without segments).
 */
export function writePteParts(program: PteProgramDraft, options: PteWriteOptions = {}): readonly Uint8Array[] {
  const trail = new Trail("pte");
  checkProgramData(program, trail);
  const { version = 0, methods, constants = [], mutableData = [], namedData = [] } = program;
  const segments = new SegmentList(segmentAlignment);
  const addList = (data: readonly Uint8Array[]) => {
    const { offsets, content } = packDataList(data);
    return { segmentIndex: segments.add(content.parts, content.size), offsets };
  };
  const constantSegment = addList(constants.length > 0 ? constants : [new Uint8Array(0)]);
  const mutableDataSegments = mutableData.map(addList);
  const inline: { data: Uint8Array }[] = [];
  const addInline = sharing((data) => inline.push({ data }) - 1);
  const place = (data: Uint8Array): DataReference =>
    options.delegates === "inline"
      ? { location: "INLINE", index: addInline(data) }
      : { location: "SEGMENT", index: segments.addShared(data) };
  const executionPlan = methods.map((method) => storedMethod(method, place));
  const named = namedData.map(({ key, data }) => ({ key, segmentIndex: segments.addShared(data) }));
  const stored: Draft<ProgramTables, "Program"> = {
    version,
    executionPlan,
    backendDelegateData: inline,
    segments: segments.stored,
    constantSegment,
    ...(mutableDataSegments.length > 0 && { mutableDataSegments }),
    ...(named.length > 0 && { namedData: named }),
  };
  checkProgramIndices(stored, trail);
  const flatBuffer = writeRoot(programTables, "Program", stored, "ET12", trail);
  if (segments.data.size === 0) return flatBuffer;
  return insertHeader(flatBuffer, programHeader, segments.data, segmentAlignment);
}

/** The parts of `writePteParts` as one piece. */
export const writePte = (program: PteProgramDraft, options: PteWriteOptions = {}): Uint8Array =>
  joinParts(writePteParts(program, options));

function checkProgramData({ methods, constants = [], mutableData = [] }: PteProgramDraft, trail: Trail): void {
  for (const list of [constants, ...mutableData]) {
    if ((list[0]?.length ?? 0) === 0) continue;
    trail.fail(
      "first-constant",
      "the first entry of a list of data is not empty",
      "begin the list with new Uint8Array(0)",
    );
  }
  const counts = { constants: constants.length, mutableData: mutableData.map(({ length }) => length) };
  const needs = dataNeeds(methods, counts, trail);
  checkData("constants", constants, needs.constants, trail);
  trail.each("mutableData", mutableData, (list, i) => checkData("data", list, needs.mutableData[i]!, trail));
}

function storedMethod(method: PteMethodDraft, place: (data: Uint8Array) => DataReference): StoredMethod {
  const { values, chains, delegates = [] } = method;
  return {
    ...method,
    values: values.map((val) => ({ val })),
    chains: chains.map((chain) => ({
      ...chain,
      instructions: chain.instructions.map((instrArgs) => ({ instrArgs })),
    })),
    delegates: delegates.map((delegate) => ({ ...delegate, processed: place(delegate.processed) })),
  };
}
