import type { Node } from "@millrace/ir";
import type { Buffer } from "../../lowering/lowering.ts";
import type { NodeDraft } from "../draft.ts";
import { copyOf, type Slice } from "./slice.ts";
import { byBuffer, hullOf, type Touched } from "./touched.ts";

/** Constants of a job, one after the other, and where in them those of each buffer lie. */
interface Bundle {
  readonly constants: Buffer;
  readonly starts: ReadonlyMap<Buffer, number>;
}

type Pieces = readonly (readonly [Buffer, readonly Touched[]])[];

/** Constants of jobs, each once however often it is read. */
export class BundledConstants {
  readonly #alignment: number;
  readonly #numbers = new Map<Buffer, number>();
  readonly #bundles = new Map<string, Bundle>();

  constructor(alignment: number) {
    this.#alignment = alignment;
  }

  /** The bundle of what is read of some constants. */
  of(pieces: Pieces, { name }: Node): Bundle {
    const key = pieces.map(([buffer, own]) => `${this.#numberOf(buffer)}:${hullOf(own).join("-")}`).join(" ");
    const bundle = this.#bundles.get(key) ?? bundled(pieces, `${name} constants`, this.#alignment);
    this.#bundles.set(key, bundle);
    return bundle;
  }

  #numberOf(buffer: Buffer): number {
    const number = this.#numbers.get(buffer) ?? this.#numbers.size;
    this.#numbers.set(buffer, number);
    return number;
  }
}

function bundled(pieces: Pieces, name: string, alignment: number): Bundle {
  const starts = new Map<Buffer, number>();
  const parts: { readonly at: number; readonly contents: Uint8Array }[] = [];
  let bytes = 0;
  for (const [buffer, own] of pieces) {
    const [from, to] = hullOf(own);
    starts.set(buffer, from - bytes);
    parts.push({ at: bytes, contents: buffer.contents!.subarray(from, to) });
    bytes += Math.ceil((to - from) / alignment) * alignment;
  }
  const contents = new Uint8Array(bytes);
  for (const part of parts) contents.set(part.contents, part.at);
  return { constants: { name, bytes, contents }, starts };
}

/** Brings the constants of a group's jobs to memory, those of a job by one transfer. */
export class Bundles {
  readonly #constants: BundledConstants;
  readonly #isKept: boolean;
  readonly #tiles = new Map<Buffer, Buffer>();

  /** Whether constants that were brought once stay for other jobs that read the same. */
  constructor(constants: BundledConstants, isKept: boolean) {
    this.#constants = constants;
    this.#isKept = isKept;
  }

  /** The transfers that a job needs; adds to `moved` where each buffer lies then. */
  stage(reads: readonly Touched[], node: Node, moved: Map<Buffer, Slice[]>): readonly NodeDraft[] {
    const pieces = [...byBuffer(reads)].filter(([{ contents }]) => contents !== undefined);
    if (pieces.length === 0) return [];
    const { constants, starts } = this.#constants.of(pieces, node);
    const known = this.#isKept ? this.#tiles.get(constants) : undefined;
    const tile = known ?? { name: constants.name, bytes: constants.bytes };
    this.#tiles.set(constants, tile);
    for (const [buffer, start] of starts) moved.set(buffer, [{ start, end: start + tile.bytes, tile }]);
    return known ? [] : [copyOf({ buffer: constants, offset: 0 }, { buffer: tile, offset: 0 }, tile.bytes, node)];
  }
}
