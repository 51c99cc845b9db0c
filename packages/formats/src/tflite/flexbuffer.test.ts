import { expect, test } from "vitest";
import { readFlexMap, writeFlexMap } from "./flexbuffer.ts";

test("a map comes back as it was written", () => {
  const entries = new Map<string, number | boolean>([
    ["w_scale", 5.5],
    ["max_detections", 10],
    ["use_regular_nms", true],
    ["shift", -3],
  ]);
  const bytes = writeFlexMap(entries, ["w_scale"]);
  expect(readFlexMap(bytes)).toEqual(new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1))));
});

test("a map of bytes as other writers pack it", () => {
  const bytes = Uint8Array.of(0x61, 0, 1, 3, 1, 1, 1, 7, 4, 2, 36, 1);
  expect([...readFlexMap(bytes)]).toEqual([["a", 7]]);
});

test("damaged maps are refused", () => {
  const bytes = writeFlexMap(new Map([["a", 1]]));
  for (let length = 0; length < bytes.length; length++) expect(() => readFlexMap(bytes.subarray(0, length))).toThrow();
  for (let at = 0; at < bytes.length; at++) {
    const damaged = bytes.slice();
    damaged[at] ^= 0xff;
    try {
      readFlexMap(damaged);
    } catch (error) {
      expect((error as { code?: string }).code).toBe("tflite.flexbuffer");
    }
  }
});
