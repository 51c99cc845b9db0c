import type { ScalarType } from "./fields.ts";
import { scalarSizes } from "./fields.ts";
import { getScalar } from "./scalars.ts";
import type { Trail } from "./trail.ts";

const damaged = "the file is damaged or was made to mislead; export it again";
const cutOff = "the file is cut off or damaged; fetch or export it again";

/** How many times the file's size the objects and the views made of it may add up to. */
const sharing = 16;

/**
 * Bytes read through bounds checks, with limits on the memory that the objects made of them may take and on the sum of
 * the views: offsets may be shared, so a small file could otherwise stand for a huge model.
 */
export class Source {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly trail: Trail;
  #memory: number;
  #viewed: number;

  constructor(bytes: Uint8Array, trail: Trail) {
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.trail = trail;
    this.#memory = 2 ** 20 + Math.min(sharing * bytes.byteLength, 2 ** 29);
    this.#viewed = 2 ** 20 + sharing * bytes.byteLength;
  }

  /** Fails unless `size` bytes stand at `at`. */
  need(at: number, size: number, what: string): void {
    if (at < 0) this.malformed(`${what} would begin before the file`);
    if (at + size <= this.bytes.length) return;
    this.trail.fail(
      "truncated",
      `${what} at byte ${at} needs ${size} bytes, but the file ends at ${this.bytes.length}`,
      cutOff,
    );
  }

  /** Accounts for about `bytes` of memory. */
  charge(bytes: number): void {
    this.#memory -= bytes;
    if (this.#memory < 0) this.#refuseSharing();
  }

  /** The `size` bytes at `at`, not copied. */
  slice(at: number, size: number): Uint8Array {
    this.need(at, size, "a byte vector");
    this.#viewed -= size;
    if (this.#viewed < 0) this.#refuseSharing();
    return this.bytes.subarray(at, at + size);
  }

  scalar(type: ScalarType, at: number): number | bigint | boolean {
    this.need(at, scalarSizes[type], type);
    return getScalar[type](this.view, at);
  }

  u16(at: number): number {
    return this.scalar("u16", at) as number;
  }

  /** The position that the offset stored at `at` points to. */
  follow(at: number): number {
    const offset = this.scalar("u32", at) as number;
    if (offset === 0) this.malformed(`the offset at byte ${at} points to itself`);
    return at + offset;
  }

  /** The element count of the vector at `at`, after a check that `size` bytes for each are there. */
  count(at: number, size: number): number {
    const count = this.scalar("u32", at) as number;
    this.need(at + 4, count * size, `a list of ${count}`);
    return count;
  }

  #refuseSharing(): never {
    return this.malformed(`the same parts of the file (${this.bytes.length} bytes) are referred to over and over`);
  }

  malformed(problem: string): never {
    return this.trail.fail("malformed", problem, damaged);
  }
}
