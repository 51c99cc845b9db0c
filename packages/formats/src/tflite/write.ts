import { codeOf } from "./flatbuffer/scalars.ts";
import { Trail } from "./flatbuffer/trail.ts";
import { writeRoot } from "./flatbuffer/write.ts";
import { checkIndices } from "./indices.ts";
import { builtinOperator } from "./schema/operators.ts";
import { tables } from "./schema/tables.ts";
import type { TfliteDraft } from "./types.ts";

/** The largest operator code that fits the byte in which runtimes of before 2021 look for it. */
const largestByteCode = 127;

/**
 * Writes a .tflite file, of schema version 3 unless the model says otherwise. The same model gives the same bytes;
 * buffers start at multiples of 16 and are stored as many times as they are listed; reading the file back gives an
 * equal model. `buffers[0]` is to be empty: it stands for "no data". Throws FormatError `tflite.bad-value`,
 * `.index-out-of-range`, `.first-buffer` or `.too-large` (2 GiB).
 */
export function writeTflite(model: TfliteDraft<"Model">): Uint8Array {
  const trail = new Trail("tflite");
  const first = model.buffers?.[0];
  if (first === undefined || (first.data?.length ?? 0) > 0) {
    trail.fail("first-buffer", "buffers[0] is missing or holds data", "begin the list with an empty buffer: {}");
  }
  const operatorCodes = model.operatorCodes?.map((code) => {
    const number = codeOf(builtinOperator, code.builtinCode) ?? 0;
    return { ...code, deprecatedBuiltinCode: Math.min(number, largestByteCode) };
  });
  const bytes = writeRoot(tables, "Model", { ...model, version: model.version ?? 3, operatorCodes }, "TFL3", trail);
  checkIndices(model, trail);
  return bytes;
}
