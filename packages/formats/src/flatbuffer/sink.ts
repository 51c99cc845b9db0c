import type { Trail } from "./trail.ts";

const largestFile = 2 ** 31 - 1;

/** Bytes to be copied behind everything else, once, with the place of the offset that is to point to them. */
interface Appendix {
  readonly from: number;
  readonly content: Uint8Array;
  readonly align: number;
}

/** A file that grows front to back; long byte vectors are only noted, and copied when the final size is known. */
export class Sink {
  readonly #trail: Trail;
  readonly #vtables = new Map<string, number>();
  readonly #appendices: Appendix[] = [];
  #view = new DataView(new ArrayBuffer(4096));
  #length = 0;

  constructor(trail: Trail) {
    this.#trail = trail;
  }

  /** The bytes reserved so far; not to be kept over a later `reserve`. */
  get view(): DataView {
    return this.#view;
  }

  /** The position of `size` zero bytes such that the byte `lead` bytes into them is a multiple of `align`. */
  reserve(size: number, align: number, lead = 0): number {
    const at = this.#count(size, align, lead);
    if (this.#length > this.#view.byteLength) this.#grow();
    return at;
  }

  #count(size: number, align: number, lead: number): number {
    const at = Math.ceil((this.#length + lead) / align) * align - lead;
    this.#length = at + size;
    if (this.#length > largestFile) {
      this.#trail.fail("too-large", "the file would pass 2 GiB", "split the model, or store its weights in fewer bits");
    }
    return at;
  }

  #grow(): void {
    const grown = new Uint8Array(Math.min(2 * this.#length, largestFile + 1));
    grown.set(new Uint8Array(this.#view.buffer));
    this.#view = new DataView(grown.buffer);
  }

  /** Stores at `from` the offset of `target`, which lies behind it. */
  point(from: number, target: number): void {
    this.#view.setUint32(from, target - from, true);
  }

  /** Writes `content` at `at`. */
  put(at: number, content: Uint8Array): void {
    new Uint8Array(this.#view.buffer).set(content, at);
  }

  /** Notes a byte vector, aligned at its first byte, for the offset at `from` to point to. */
  append(from: number, content: Uint8Array, align: number): void {
    this.#appendices.push({ from, content, align: Math.max(4, align) });
  }

  /** The position of the field list of a table of `size` bytes; equal lists are placed once. */
  vtable(offsets: readonly number[], size: number): number {
    const key = `${size},${offsets}`;
    const placed = this.#vtables.get(key);
    if (placed !== undefined) return placed;
    const at = this.reserve(4 + 2 * offsets.length, 2);
    this.#vtables.set(key, at);
    [4 + 2 * offsets.length, size, ...offsets].forEach((word, i) => {
      this.#view.setUint16(at + 2 * i, word, true);
    });
    return at;
  }

  /** The file in parts; the noted byte vectors are among them as they are. */
  finish(): Uint8Array[] {
    const head = new Uint8Array(this.#view.buffer, 0, this.#length);
    const parts: Uint8Array[] = [head];
    for (const { from, content, align } of this.#appendices) {
      const end = this.#length;
      const at = this.#count(4 + content.length, align, 4);
      this.point(from, at);
      const start = new Uint8Array(at + 4 - end);
      new DataView(start.buffer).setUint32(at - end, content.length, true);
      parts.push(start, content);
    }
    return parts;
  }
}
