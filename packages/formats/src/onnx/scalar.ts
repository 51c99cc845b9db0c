import { FormatError } from "../error.ts";
import type { OnnxInteger } from "./model.ts";
import { type WireReader, type WireType, wireTypes } from "./reader.ts";
import { textSize, varintSize, type WireWriter } from "./writer.ts";

/** One kind of protobuf value. `write` writes `size` bytes; a length that stands before them is not among them. */
export interface Scalar<T> {
  readonly kind: "scalar";
  readonly wire: WireType;
  readonly zero: T;
  read(reader: WireReader): T;
  size(value: T): number;
  write(writer: WireWriter, value: T): void;
}

export const text: Scalar<string> = {
  kind: "scalar",
  wire: wireTypes.bytes,
  zero: "",
  read: (reader) => reader.text(),
  size: textSize,
  write: (writer, value) => writer.text(value),
};

/** Read as a view of the file. */
export const bytes: Scalar<Uint8Array> = {
  kind: "scalar",
  wire: wireTypes.bytes,
  zero: new Uint8Array(0),
  read: (reader) => reader.payload(),
  size: (value) => value.length,
  write: (writer, value) => writer.raw(value),
};

export const float: Scalar<number> = {
  kind: "scalar",
  wire: wireTypes.fixed32,
  zero: 0,
  read(reader) {
    reader.fixed32();
    return reader.view.getFloat32(reader.position - 4, true);
  },
  size: () => 4,
  write(writer, value) {
    writer.view.setFloat32(writer.position, value, true);
    writer.position += 4;
  },
};

/** An int64 where only exact numbers make sense (dims, versions, codes): one beyond 2^53 is malformed. */
export const integer: Scalar<number> = {
  kind: "scalar",
  wire: wireTypes.varint,
  zero: 0,
  read(reader) {
    const value = readInteger(reader);
    if (typeof value === "bigint") throw reader.malformed(`${value} is too large for a size or a version`);
    return value;
  },
  size: integerSize,
  write: writeInteger,
};

/** An int64 of any value. */
export const anyInteger: Scalar<OnnxInteger> = {
  kind: "scalar",
  wire: wireTypes.varint,
  zero: 0,
  read: readInteger,
  size: integerSize,
  write: writeInteger,
};

function readInteger(reader: WireReader): OnnxInteger {
  reader.varint();
  const value = (reader.high | 0) * 2 ** 32 + reader.low;
  return Number.isSafeInteger(value) ? value : (BigInt(reader.high | 0) << 32n) | BigInt(reader.low);
}

function integerSize(value: OnnxInteger): number {
  if (typeof value === "number" && value >= 0 && value <= 0xffffffff && Number.isInteger(value))
    return varintSize(value);
  checkInteger(value);
  return varintSize(lowWord(value), highWord(value));
}

function writeInteger(writer: WireWriter, value: OnnxInteger): void {
  writer.varint(lowWord(value), highWord(value));
}

function lowWord(value: OnnxInteger): number {
  return typeof value === "number" ? value >>> 0 : Number(BigInt.asUintN(32, value));
}

function highWord(value: OnnxInteger): number {
  return typeof value === "number" ? Math.floor(value / 2 ** 32) >>> 0 : Number(BigInt.asUintN(32, value >> 32n));
}

function checkInteger(value: OnnxInteger): void {
  if (typeof value === "bigint" ? BigInt.asIntN(64, value) === value : Number.isSafeInteger(value)) return;
  throw new FormatError("onnx.not-an-integer", `${value} can't be written as a 64-bit integer.`, {
    hint: "Give an exact integer; use a bigint beyond 2^53.",
  });
}
