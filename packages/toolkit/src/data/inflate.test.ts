import { describe, expect, it } from "vitest";
import { inflate, statedSize } from "./inflate.ts";
import { errorOf, gzip } from "./test-data.ts";

const content = Uint8Array.from({ length: 300_000 }, (_, index) => (index * index) >> 7);
const packed = gzip(content);
const options = { file: "x.bin.gz", limit: 1 << 20, expected: statedSize(packed) };

describe("inflate", () => {
  it("expands gzip whatever it expects, to the limit exactly", async () => {
    expect(options.expected).toBe(content.length);
    for (const expected of [0, 1000, content.length, 1 << 30]) {
      expect(Buffer.compare(await inflate(packed, "gzip", { ...options, expected }), content)).toBe(0);
    }
    expect(Buffer.compare(await inflate(packed, "gzip", { ...options, limit: content.length }), content)).toBe(0);
  });

  it("stops at the limit", async () => {
    const bomb = gzip(new Uint8Array(20 << 20));
    const error = await errorOf(() => inflate(bomb, "gzip", { ...options, expected: statedSize(bomb) }));
    expect(error.code).toBe("data.too-large");
    expect((await errorOf(() => inflate(packed, "gzip", { ...options, limit: content.length - 1 }))).code).toBe(
      "data.too-large",
    );
  });

  it("does not trust a stated size that the file can't hold", () => {
    const liar = packed.slice();
    liar.fill(255, liar.length - 4);
    expect(statedSize(liar)).toBeLessThanOrEqual(liar.length * 1032);
    expect(statedSize(new Uint8Array(3))).toBe(0);
  });

  it.each([
    ["cut short", packed.subarray(0, packed.length >> 1)],
    ["without its trailer", packed.subarray(0, packed.length - 4)],
    ["with a changed checksum", packed.with(packed.length - 6, packed[packed.length - 6] ^ 1)],
    ["of something else", content],
    ["empty", new Uint8Array()],
  ])("refuses a file %s", async (_name, bytes) => {
    const error = await errorOf(() => inflate(bytes, "gzip", options));
    expect([error.code, error.where]).toEqual(["data.bad-compression", "x.bin.gz"]);
  });
});
