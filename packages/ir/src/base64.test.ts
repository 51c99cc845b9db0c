import fc from "fast-check";
import { expect, test } from "vitest";
import { fromBase64, toBase64 } from "./base64.ts";

test("base64 agrees with Node and comes back", () => {
  const sizes = [0, 1, 2, 3, 24_575, 24_576, 24_577, 100_000];
  for (const size of sizes) {
    const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 151) >> 3);
    expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
    expect(fromBase64(toBase64(bytes))).toEqual(bytes);
  }
});

test("base64 refuses what is not", () => {
  for (const text of ["A", "AA", "AAA", "A===", "AA=A", "====", "AA==AAAA", "AAA!", "    ", "AA A"]) {
    expect(fromBase64(text), text).toBeUndefined();
  }
  fc.assert(
    fc.property(fc.base64String(), fc.nat(), fc.constantFrom("=", " ", "\n", "é", "-"), (text, at, character) => {
      const place = at % (text.length + 1);
      const damaged = text.slice(0, place) + character + text.slice(place + 1);
      const read = fromBase64(damaged);
      if (read !== undefined) expect(toBase64(read).length).toBe(damaged.length);
    }),
  );
});
