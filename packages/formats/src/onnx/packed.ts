import { type WireReader, type WireType, wireTypes } from "./reader.ts";
import { varintSize, type WireWriter } from "./writer.ts";

export type PackedData = Float32Array | Float64Array | Int32Array | BigInt64Array | BigUint64Array;

/** A repeated number field that is held as a typed array. */
export interface Packed<T extends PackedData = PackedData> {
  readonly kind: "packed";
  readonly wire: WireType;
  /** 32-bit words of one element. */
  readonly words: 1 | 2;
  readonly of: (buffer: ArrayBuffer) => T;
}

export const floats: Packed<Float32Array> = {
  kind: "packed",
  wire: wireTypes.fixed32,
  words: 1,
  of: (buffer) => new Float32Array(buffer),
};
export const doubles: Packed<Float64Array> = {
  kind: "packed",
  wire: wireTypes.fixed64,
  words: 2,
  of: (buffer) => new Float64Array(buffer),
};
export const int32s: Packed<Int32Array> = {
  kind: "packed",
  wire: wireTypes.varint,
  words: 1,
  of: (buffer) => new Int32Array(buffer),
};
export const int64s: Packed<BigInt64Array> = {
  kind: "packed",
  wire: wireTypes.varint,
  words: 2,
  of: (buffer) => new BigInt64Array(buffer),
};
export const uint64s: Packed<BigUint64Array> = {
  kind: "packed",
  wire: wireTypes.varint,
  words: 2,
  of: (buffer) => new BigUint64Array(buffer),
};

/** Gathers the elements of one packed field, which may come in several runs or one by one. */
export class PackedCollector {
  private readonly codec: Packed;
  private words = new Uint32Array(0);
  private used = 0;

  constructor(codec: Packed) {
    this.codec = codec;
  }

  /** Reads one element. */
  element(reader: WireReader): void {
    this.reserve(1);
    if (this.codec.wire === wireTypes.varint) reader.varint();
    else if (this.codec.wire === wireTypes.fixed32) reader.fixed32();
    else reader.fixed64();
    this.append(reader);
  }

  /** Reads a length-prefixed run of elements. */
  run(reader: WireReader): void {
    const end = reader.end();
    if (this.codec.wire === wireTypes.varint) this.varints(reader, end);
    else this.copy(reader, end);
  }

  finish(): PackedData {
    const exact = this.used === this.words.length ? this.words : this.words.slice(0, this.used);
    return this.codec.of(exact.buffer);
  }

  private reserve(count: number): void {
    const needed = this.used + count * this.codec.words;
    if (needed <= this.words.length) return;
    const grown = new Uint32Array(Math.max(needed, this.used * 2));
    grown.set(this.words.subarray(0, this.used));
    this.words = grown;
  }

  private append(reader: WireReader): void {
    this.words[this.used++] = reader.low;
    if (this.codec.words === 2) this.words[this.used++] = reader.high;
  }

  private varints(reader: WireReader, end: number): void {
    this.reserve(countVarints(reader.bytes, reader.position, end));
    const limit = reader.limit;
    reader.limit = end;
    while (reader.position < end) {
      reader.varint();
      this.append(reader);
    }
    reader.limit = limit;
  }

  private copy(reader: WireReader, end: number): void {
    const length = end - reader.position;
    const count = length / (this.codec.words * 4);
    if (!Number.isInteger(count)) throw reader.malformed(`${length} bytes are not a whole number of elements`);
    this.reserve(count);
    new Uint8Array(this.words.buffer).set(reader.bytes.subarray(reader.position, end), this.used * 4);
    this.used += count * this.codec.words;
    reader.position = end;
  }
}

/** Bytes of the elements of `data` as one run, without the length prefix. */
export function packedSize(codec: Packed, data: PackedData): number {
  if (codec.wire !== wireTypes.varint) return data.byteLength;
  let size = 0;
  forEachWord(codec, data, (low, high) => {
    size += varintSize(low, high);
  });
  return size;
}

export function writePacked(codec: Packed, writer: WireWriter, data: PackedData): void {
  if (codec.wire !== wireTypes.varint) writer.raw(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  else forEachWord(codec, data, (low, high) => writer.varint(low, high));
}

function forEachWord(codec: Packed, data: PackedData, visit: (low: number, high: number) => void): void {
  const words = new Uint32Array(data.buffer, data.byteOffset, data.byteLength / 4);
  if (codec.words === 2) for (let at = 0; at < words.length; at += 2) visit(words[at]!, words[at + 1]!);
  else for (const word of words) visit(word, word >>> 31 === 0 ? 0 : 0xffffffff);
}

function countVarints(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) if (bytes[at]! < 0x80) count++;
  return count;
}
