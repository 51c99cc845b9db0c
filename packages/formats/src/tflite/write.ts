import { joinParts, sizeOf } from "../flatbuffer/parts.ts";
import { codeOf } from "../flatbuffer/scalars.ts";
import { Trail } from "../flatbuffer/trail.ts";
import { writeRoot } from "../flatbuffer/write.ts";
import { checkModelIndices } from "./indices.ts";
import { builtinOperator } from "./schema/operators.ts";
import { tables } from "./schema/tables.ts";
import type { TfliteDraft } from "./types.ts";

/** The largest operator code that fits the byte in which runtimes of before 2021 look for it. */
const largestByteCode = 127;

/** Offsets within a FlatBuffer have 32 bits, of which runtimes take one for a sign. */
const largestFlatBuffer = 2 ** 31 - 1;

/** Where byte vectors begin, as loaders that map a file into memory need them. */
const alignment = 16;

export interface WriteOptions {
  /** Bytes beyond which buffers and custom options stand behind the FlatBuffer; the format's own limit of 2 GiB without it. */
  readonly largestFlatBuffer?: number;
}

/**
 * A .tflite file, of schema version 3 unless the model says otherwise, in parts to be written one after another: the model's
 * buffers are among them and not copied. The same model gives the same bytes; buffers start at multiples of 16 and
 * are stored as many times as they are listed; reading the file back gives an equal model. In a file that would pass 2 GiB they
 * follow the FlatBuffer, which newer runtimes read. `buffers[0]` is to be empty: it stands for "no data".
 * Throws FormatError `tflite.bad-value`, `.index-out-of-range`, `.first-buffer` or `.too-large` (2 GiB without buffers).
 */
export function writeTfliteParts(model: TfliteDraft<"Model">, options: WriteOptions = {}): readonly Uint8Array[] {
  const trail = new Trail("tflite");
  const first = model.buffers?.[0];
  if (first === undefined || (first.data?.length ?? 0) > 0) {
    trail.fail("first-buffer", "buffers[0] is missing or holds data", "begin the list with an empty buffer: {}");
  }
  const operatorCodes = model.operatorCodes?.map((code) => {
    const number = codeOf(builtinOperator, code.builtinCode) ?? 0;
    return { ...code, deprecatedBuiltinCode: Math.min(number, largestByteCode) };
  });
  const stored = { ...model, version: model.version ?? 3, operatorCodes };
  const write: Write = (record) => writeRoot(tables, "Model", record as typeof stored, "TFL3", trail);
  const parts = mustStandApart(stored, write, options.largestFlatBuffer ?? largestFlatBuffer)
    ? writeApart(stored, write)
    : write(stored);
  checkModelIndices(model, trail);
  return parts;
}

/** The parts of `writeTfliteParts` as one piece. */
export const writeTflite = (model: TfliteDraft<"Model">, options: WriteOptions = {}): Uint8Array =>
  joinParts(writeTfliteParts(model, options));

type Write = (record: object) => Uint8Array[];

/** Whether a FlatBuffer with all byte vectors in it would pass the limit; the rest of it is only measured where that may be. */
function mustStandApart(model: TfliteDraft<"Model">, write: Write, limit: number): boolean {
  const bytes = vectorBytes(model);
  return bytes > limit / 2 && bytes + sizeOf(write(moveOut(model, () => alignment))) > limit;
}

/** What byte vectors take, with space between them. */
function vectorBytes({ buffers = [], subgraphs = [] }: TfliteDraft<"Model">): number {
  const vectors = [
    ...buffers.map(({ data }) => data),
    ...subgraphs.flatMap(({ operators = [] }) => operators.map(({ customOptions }) => customOptions)),
  ];
  return vectors.reduce((sum, vector) => sum + alignment + (vector?.length ?? 0), 0);
}

/** The file with byte vectors behind the FlatBuffer, whose size does not depend on the places that it tells. */
function writeApart(model: TfliteDraft<"Model">, write: Write): Uint8Array[] {
  const size = sizeOf(write(moveOut(model, () => alignment)));
  const appended: Uint8Array[] = [];
  let end = size;
  const head = write(
    moveOut(model, (vector) => {
      const at = Math.ceil(end / alignment) * alignment;
      appended.push(new Uint8Array(at - end), vector);
      end = at + vector.length;
      return at;
    }),
  );
  return [...head, ...appended];
}

/** The model with places, which `place` gives, instead of byte vectors. */
function moveOut(model: TfliteDraft<"Model">, place: (vector: Uint8Array) => number): object {
  const { buffers = [], subgraphs = [] } = model;
  return {
    ...model,
    buffers: buffers.map(({ data, ...buffer }) => {
      if (!data?.length) return { ...buffer, ...(data && { data }) };
      return { ...buffer, offset: BigInt(place(data)), size: BigInt(data.length) };
    }),
    subgraphs: subgraphs.map(({ operators = [], ...subgraph }) => ({
      ...subgraph,
      operators: operators.map(({ customOptions, ...operator }) => {
        if (!customOptions?.length) return { ...operator, ...(customOptions && { customOptions }) };
        const [offset, size] = [place(customOptions), customOptions.length].map(BigInt);
        return { ...operator, largeCustomOptionsOffset: offset, largeCustomOptionsSize: size };
      }),
    })),
  };
}
