import { FormatError } from "../error.ts";

const utf8 = new TextEncoder();
/** Up to here a loop is faster than the encoder. */
const asciiLimit = 64;

/** Bytes of a varint of the 64 bits `high`:`low`, both unsigned. */
export function varintSize(low: number, high = 0): number {
  if (high === 0 && low < 0x80) return 1;
  const bits = high > 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(low);
  return Math.ceil(bits / 7);
}

/** Bytes of `text` in UTF-8; an unpaired surrogate counts as U+FFFD, which the encoder writes for it. */
export function textSize(text: string): number {
  let size = text.length;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x80) continue;
    size += code < 0x800 ? 1 : 2;
    if (code < 0xd800 || code > 0xdbff || at + 1 === text.length) continue;
    const next = text.charCodeAt(at + 1);
    if (next < 0xdc00 || next > 0xdfff) continue;
    at++;
  }
  return size;
}

/** Writes the protobuf wire format into a buffer of the exact size, measured before. */
export class WireWriter {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  position = 0;

  constructor(size: number) {
    if (size >= 2 ** 31)
      throw new FormatError("onnx.too-large", `The model takes ${size} bytes, and protobuf ends at 2 GiB.`, {
        hint: "Keep large weights in external data.",
      });
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }

  varint(low: number, high = 0): void {
    const { bytes } = this;
    let rest = low;
    let above = high;
    while (above !== 0 || rest > 0x7f) {
      bytes[this.position++] = (rest & 0x7f) | 0x80;
      rest = ((rest >>> 7) | (above << 25)) >>> 0;
      above >>>= 7;
    }
    bytes[this.position++] = rest;
  }

  fixed32(low: number): void {
    this.view.setUint32(this.position, low, true);
    this.position += 4;
  }

  raw(payload: Uint8Array): void {
    this.bytes.set(payload, this.position);
    this.position += payload.length;
  }

  text(text: string): void {
    const start = this.position;
    for (let at = 0; at < text.length && at < asciiLimit; at++) {
      const code = text.charCodeAt(at);
      if (code > 0x7f) break;
      this.bytes[this.position++] = code;
    }
    const done = this.position - start;
    if (done < text.length)
      this.position += utf8.encodeInto(text.slice(done), this.bytes.subarray(this.position)).written;
  }
}
