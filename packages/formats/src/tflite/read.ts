import { checkIdentifier } from "../flatbuffer/identifier.ts";
import { type FormatWarning, readRoot } from "../flatbuffer/read.ts";
import { codeOf, nameOf } from "../flatbuffer/scalars.ts";
import { Source } from "../flatbuffer/source.ts";
import { Trail } from "../flatbuffer/trail.ts";
import { checkModelIndices } from "./indices.ts";
import { builtinOperator } from "./schema/operators.ts";
import { tables } from "./schema/tables.ts";
import type { Operator, OperatorCode, TfliteBuffer, TfliteModel } from "./types.ts";

export interface ReadOptions {
  /** Told what was left out or is unusual, at most once for each kind of thing. */
  readonly warn?: (warning: FormatWarning) => void;
}

interface StoredOperatorCode extends OperatorCode {
  readonly deprecatedBuiltinCode: number;
}

type StoredBuffer = TfliteBuffer & { readonly offset: bigint; readonly size: bigint };

type StoredOperator = Operator & {
  readonly largeCustomOptionsOffset: bigint;
  readonly largeCustomOptionsSize: bigint;
};

const exportAgain = "export the model again with a TFLite converter";

/**
 * Reads a .tflite file (identifier TFL3). Buffers and custom options, stored inside the FlatBuffer or
 * after it, are views of `bytes`. An operator code's two stored fields become one name. Throws FormatError
 * `tflite.not-tflite`, `.truncated`, `.malformed`, `.index-out-of-range` or `.unknown-value`.
 */
export function readTflite(bytes: Uint8Array, { warn = () => {} }: ReadOptions = {}): TfliteModel {
  const trail = new Trail("tflite");
  checkIdentifier(bytes, "TFL3", trail);
  const source = new Source(bytes, trail);
  const stored = readRoot(tables, "Model", source, warn) as unknown as TfliteModel;
  if (stored.version !== 3) warn(versionWarning(stored.version));
  const model = resolve(stored, source);
  checkModelIndices(model, trail);
  return model;
}

const versionWarning = (version: number): FormatWarning => ({
  code: "tflite.unusual-version",
  message: `version: schema version ${version} was read as if it were 3`,
  hint: `runtimes refuse such files; ${exportAgain}`,
  where: "version",
});

function resolve(stored: TfliteModel, source: Source): TfliteModel {
  const { trail } = source;
  const { operatorCodes, buffers, subgraphs } = stored;
  return {
    ...stored,
    operatorCodes: trail.each("operatorCodes", operatorCodes as StoredOperatorCode[], (c) => resolveCode(c, source)),
    buffers: trail.each("buffers", buffers as StoredBuffer[], (buffer) => resolveBuffer(buffer, source)),
    subgraphs: trail.each("subgraphs", subgraphs, (subgraph) => ({
      ...subgraph,
      operators: trail.each("operators", subgraph.operators as StoredOperator[], (o) => resolveOperator(o, source)),
    })),
  };
}

/** Old files store the code in a byte, new ones in both fields; the larger of the two is meant. */
function resolveCode({ deprecatedBuiltinCode, ...code }: StoredOperatorCode, { trail }: Source): OperatorCode {
  const number = Math.max(deprecatedBuiltinCode, codeOf(builtinOperator, code.builtinCode)!);
  if (number < 0) trail.fail("malformed", `operator code ${number} is negative`, exportAgain);
  return { ...code, builtinCode: nameOf(builtinOperator, number, trail) as OperatorCode["builtinCode"] };
}

function resolveBuffer({ offset, size, ...buffer }: StoredBuffer, source: Source): TfliteBuffer {
  const data = appended(buffer.data, offset, size, source);
  return data === undefined ? buffer : { ...buffer, data };
}

function resolveOperator(stored: StoredOperator, source: Source): Operator {
  const { largeCustomOptionsOffset: offset, largeCustomOptionsSize: size, ...operator } = stored;
  const customOptions = appended(operator.customOptions, offset, size, source);
  return customOptions === undefined ? operator : { ...operator, customOptions };
}

/** In files over 2 GB byte vectors stand after the FlatBuffer, at offsets from the file's start that are over 1. */
function appended(
  inside: Uint8Array | undefined,
  offset: bigint,
  size: bigint,
  source: Source,
): Uint8Array | undefined {
  return inside !== undefined || offset <= 1n ? inside : source.slice(Number(offset), Number(size));
}
