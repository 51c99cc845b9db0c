/** Gives equal indices for the same bytes of the same buffer: what `place` gave for the first of them. */
export function sharing(place: (data: Uint8Array) => number): (data: Uint8Array) => number {
  const known = new Map<ArrayBufferLike, Map<string, number>>();
  return (data) => {
    const inBuffer = known.get(data.buffer) ?? new Map<string, number>();
    known.set(data.buffer, inBuffer);
    const key = `${data.byteOffset},${data.length}`;
    const index = inBuffer.get(key) ?? place(data);
    inBuffer.set(key, index);
    return index;
  };
}

/** Data in parts, each at a multiple of `align`, none of them copied. */
export class AlignedParts {
  readonly parts: Uint8Array[] = [];
  readonly #align: number;
  #size = 0;

  constructor(align: number) {
    this.#align = align;
  }

  /** In bytes, without space behind the last part. */
  get size(): number {
    return this.#size;
  }

  /** Appends data, itself in parts of together `size` bytes, and gives its offset: 0 where there are none, which never lies past the end. */
  append(data: readonly Uint8Array[], size: number): number {
    if (size === 0) return 0;
    const offset = Math.ceil(this.#size / this.#align) * this.#align;
    this.parts.push(new Uint8Array(offset - this.#size), ...data);
    this.#size = offset + size;
    return offset;
  }
}
