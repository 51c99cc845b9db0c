import { createRequire } from "node:module";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toChannels } from "./image.ts";
import { decodePng } from "./png.ts";

const { PNG } = createRequire(import.meta.url)("pngjs");

function chunk(type: string, body: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  const content = Buffer.concat([Buffer.from(type), body]);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc(content));
  return Buffer.concat([length, content, check]);
}

function crc(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return (value ^ 0xffffffff) >>> 0;
}

interface Sketch {
  readonly width: number;
  readonly height: number;
  readonly colour: number;
  readonly depth: number;
  readonly interlaced: boolean;
  readonly seed: number;
}

/** Any bytes are the filtered rows of some image, so random ones try every filter. */
function sketchPng({ width, height, colour, depth, interlaced, seed }: Sketch): Uint8Array {
  const samples = [1, 0, 3, 1, 2, 0, 4][colour];
  const steps = interlaced
    ? [
        [0, 0, 8, 8],
        [4, 0, 8, 8],
        [0, 4, 4, 8],
        [2, 0, 4, 4],
        [0, 2, 2, 4],
        [1, 0, 2, 2],
        [0, 1, 1, 2],
      ]
    : [[0, 0, 1, 1]];
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
  const rows: number[] = [];
  for (const [column, row, columnStep, rowStep] of steps) {
    const columns = Math.ceil((width - column) / columnStep);
    for (let y = row; y < height && columns > 0; y += rowStep) {
      rows.push(random() % 5);
      for (let index = 0; index < Math.ceil((columns * samples * depth) / 8); index++) rows.push(random());
    }
  }
  const header = Buffer.from([0, 0, 0, width, 0, 0, 0, height, depth, colour, 0, 0, interlaced ? 1 : 0]);
  const palette = Uint8Array.from({ length: 768 }, random);
  const packed = deflateSync(Uint8Array.from(rows));
  const cut = packed.length >> 1;
  return new Uint8Array(
    Buffer.concat([
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
      chunk("IHDR", header),
      ...(colour === 3 ? [chunk("PLTE", palette)] : []),
      chunk("IDAT", packed.subarray(0, cut)),
      chunk("IDAT", packed.subarray(cut)),
      chunk("IEND", new Uint8Array()),
    ]),
  );
}

const kinds = [
  [0, 1],
  [0, 2],
  [0, 4],
  [0, 8],
  [0, 16],
  [2, 8],
  [2, 16],
  [3, 1],
  [3, 2],
  [3, 4],
  [3, 8],
  [4, 8],
  [4, 16],
  [6, 8],
  [6, 16],
] as const;

describe("png", () => {
  it.each(kinds)("decodes colour type %i of %i bits as another decoder does", async (colour, depth) => {
    const sketch = fc.record({
      width: fc.integer({ min: 1, max: 19 }),
      height: fc.integer({ min: 1, max: 19 }),
      interlaced: fc.boolean(),
      seed: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(sketch, async (size) => {
        const bytes = sketchPng({ ...size, colour, depth });
        const theirs = PNG.sync.read(Buffer.from(bytes), { skipRescale: false });
        const ours = toChannels(await decodePng(bytes, "x.png"), 3);
        const rounding = depth === 16 ? 1 : 0;
        for (let pixel = 0; pixel < size.width * size.height; pixel++) {
          for (let channel = 0; channel < 3; channel++) {
            const difference = Math.abs(ours.data[pixel * 3 + channel] - theirs.data[pixel * 4 + channel]);
            expect(difference).toBeLessThanOrEqual(rounding);
          }
        }
      }),
      { numRuns: 15 },
    );
  });

  it("refuses every truncation and survives every changed byte", async () => {
    const bytes = sketchPng({ width: 5, height: 7, colour: 2, depth: 8, interlaced: true, seed: 3 });
    for (let length = 8; length < bytes.length - 12; length++) {
      await expect(decodePng(bytes.subarray(0, length), "x.png")).rejects.toThrow();
    }
    for (let index = 8; index < bytes.length; index++) {
      const outcome = await decodePng(bytes.with(index, bytes[index] ^ 0x81), "x.png").catch((error: Error) => error);
      if (outcome instanceof Error) expect(outcome).not.toBeInstanceOf(TypeError);
      if (outcome instanceof Error) expect(outcome).not.toBeInstanceOf(RangeError);
    }
  });

  it("refuses a size that its pixels can't have, before it is allocated", async () => {
    const bytes = sketchPng({ width: 5, height: 7, colour: 2, depth: 8, interlaced: false, seed: 3 });
    await expect(decodePng(bytes.with(16, 0x7f), "x.png")).rejects.toThrow("2^26 pixels");
    await expect(decodePng(bytes.with(18, 1), "x.png")).rejects.toThrow("its pixels are");
    await expect(decodePng(bytes.with(19, 1), "x.png")).rejects.toThrow("expands to more");
  });
});
