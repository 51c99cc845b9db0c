/** Keeps the beginning and the end of a stream of bytes, each up to half of `limit`, and says how much between them it let go. */
export class BoundedLog {
  readonly #half: number;
  readonly #head: Uint8Array[] = [];
  readonly #tail: Uint8Array[] = [];
  #headBytes = 0;
  #tailBytes = 0;
  #omitted = 0;

  constructor(limit: number) {
    this.#half = limit >> 1;
  }

  add(chunk: Uint8Array): void {
    const first = chunk.subarray(0, this.#half - this.#headBytes);
    if (first.length > 0) this.#head.push(first);
    this.#headBytes += first.length;
    const rest = chunk.subarray(first.length);
    if (rest.length > 0) this.#tail.push(rest);
    this.#tailBytes += rest.length;
    while (this.#tailBytes - (this.#tail[0]?.length ?? 0) >= this.#half && this.#tail.length > 1) this.#drop();
  }

  /** What was kept; where something is missing, a line says how many bytes. */
  bytes(): Uint8Array {
    const tail = Buffer.concat(this.#tail);
    const end = tail.subarray(Math.max(0, tail.length - this.#half));
    const omitted = this.#omitted + tail.length - end.length;
    const gap = omitted === 0 ? "" : `\n[${omitted} bytes left out]\n`;
    return new Uint8Array(Buffer.concat([...this.#head, Buffer.from(gap), end]));
  }

  #drop(): void {
    const { length } = this.#tail.shift()!;
    this.#tailBytes -= length;
    this.#omitted += length;
  }
}
