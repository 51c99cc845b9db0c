import { FormatError } from "../error.ts";
import { decodeUtf8 } from "./utf8.ts";

/** How a protobuf field's payload is laid out. Groups (3 and 4) do not occur in ONNX. */
export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
export type WireType = (typeof wireTypes)[keyof typeof wireTypes];

/** Bounds the memory of a file of many tiny messages to about 1 GB; a graph of 100,000 nodes has about a million. */
const maximumObjects = 2 ** 22;
/** Messages inside messages; real models stay under 20. */
export const maximumDepth = 100;
/** Room for the characters of short ASCII texts, by length: several times faster than a TextDecoder. */
const codesByLength = Array.from({ length: 65 }, (_, length) => new Array<number>(length).fill(0));
const hints: Readonly<Record<string, string>> = {
  truncated: "Download or export the file again and compare its size with the original's.",
  malformed: "Check that this is an ONNX model and export it again.",
  "too-deep": "Export the model with its control flow in functions or unrolled; no exporter nests this deep.",
  "too-large": "Split the model; no real graph has this many nodes and values.",
};

/**
 * Reads the protobuf wire format from `bytes`, never past `limit`, the end of the message that is open.
 * Throws FormatError `onnx.truncated`, `onnx.malformed`, `onnx.too-deep` or `onnx.too-large`.
 */
export class WireReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  position = 0;
  limit: number;
  /** Name of the open message, for errors. */
  message = "file";
  /** The 64 bits of the last varint, each half unsigned. */
  low = 0;
  high = 0;
  private depth = 0;
  private objects = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.limit = bytes.byteLength;
  }

  /** The next field's number and wire type as `number * 8 + wireType`; 0 at the end of the message. */
  tag(): number {
    if (this.position === this.limit) return 0;
    this.varint();
    if (this.high !== 0 || this.low < 8) throw this.malformed("a field has an impossible number");
    return this.low;
  }

  /** Reads up to 64 bits into `low` and `high`. */
  varint(): void {
    const { bytes, limit } = this;
    let position = this.position;
    if (position < limit && bytes[position]! < 0x80) {
      this.low = bytes[position]!;
      this.high = 0;
      this.position = position + 1;
      return;
    }
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (position >= limit) throw this.pastEnd("a number");
      const byte = bytes[position++]!;
      if (shift < 32) low |= (byte & 0x7f) << shift;
      if (shift === 28) high = (byte & 0x7f) >> 4;
      if (shift > 28) high |= (byte & 0x7f) << (shift - 32);
      if (byte >= 0x80) continue;
      if (shift === 63 && byte > 1) break;
      this.low = low >>> 0;
      this.high = high >>> 0;
      this.position = position;
      return;
    }
    throw this.malformed("a number takes more than 64 bits");
  }

  fixed32(): void {
    this.require(4, "a 32-bit value");
    this.low = this.view.getUint32(this.position, true);
    this.position += 4;
  }

  fixed64(): void {
    this.require(8, "a 64-bit value");
    this.low = this.view.getUint32(this.position, true);
    this.high = this.view.getUint32(this.position + 4, true);
    this.position += 8;
  }

  /** Reads a length prefix and returns the end of the payload, which is inside the open message. */
  end(): number {
    this.varint();
    const length = this.high * 2 ** 32 + this.low;
    this.require(length, "a field");
    return this.position + length;
  }

  /** A view of the next length-prefixed bytes. */
  payload(): Uint8Array {
    const end = this.end();
    this.count();
    const payload = this.bytes.subarray(this.position, end);
    this.position = end;
    return payload;
  }

  text(): string {
    const end = this.end();
    const start = this.position;
    this.position = end;
    const codes = codesByLength[end - start];
    if (codes === undefined) return this.decodeText(start, end);
    for (let at = start; at < end; at++) {
      const code = this.bytes[at]!;
      if (code > 0x7f) return this.decodeText(start, end);
      codes[at - start] = code;
    }
    return String.fromCharCode.apply(null, codes);
  }

  skip(wire: number): void {
    if (wire === wireTypes.varint) this.varint();
    else if (wire === wireTypes.fixed64) this.fixed64();
    else if (wire === wireTypes.fixed32) this.fixed32();
    else if (wire === wireTypes.bytes) this.position = this.end();
    else throw this.malformed(`a field has wire type ${wire}`);
  }

  /** How many fields in a row have `tag`; the first one's tag is already read. */
  countSame(tag: number): number {
    const start = this.position;
    let count = 0;
    do {
      this.skip(tag & 7);
      if (++count > maximumObjects && (tag & 7) === wireTypes.bytes) throw this.tooLarge();
    } while (this.tag() === tag);
    this.position = start;
    return count;
  }

  /** Makes the next length-prefixed payload the open message. */
  open(message: string): void {
    this.limit = this.end();
    this.message = message;
    this.count();
    if (++this.depth > maximumDepth) throw this.failure("too-deep", `nests messages over ${maximumDepth} deep`);
  }

  /** Goes back to the message around the open one. */
  close(limit: number, message: string): void {
    this.depth--;
    this.limit = limit;
    this.message = message;
  }

  /** Counts one object made for the file's contents. */
  count(): void {
    if (++this.objects > maximumObjects) throw this.tooLarge();
  }

  malformed(problem: string): FormatError {
    return this.failure("malformed", `is not well-formed protobuf: ${problem}`);
  }

  private decodeText(start: number, end: number): string {
    const text = decodeUtf8(this.bytes.subarray(start, end));
    if (text === undefined) throw this.malformed("a text is not UTF-8");
    return text;
  }

  private require(length: number, what: string): void {
    if (length > this.limit - this.position) throw this.pastEnd(`${what} of ${length} bytes`);
  }

  private pastEnd(what: string): FormatError {
    const problem = `${what} goes past the end`;
    if (this.limit < this.bytes.length) return this.malformed(`${problem} of its message`);
    return this.failure("truncated", `is cut short: ${problem}`);
  }

  private tooLarge(): FormatError {
    return this.failure("too-large", `holds over ${maximumObjects} messages`);
  }

  private failure(code: string, problem: string): FormatError {
    const where = `byte ${this.position}`;
    return new FormatError(`onnx.${code}`, `The ONNX file ${problem} (${this.message}, ${where}).`, {
      hint: hints[code]!,
      where,
    });
  }
}
