import { describe, expect, it } from "vitest";
import { byteTable, lookUpWord, wordTable } from "./lookup.ts";
import { sigmoidOfWord, tanhOfWord, wordScaling } from "./sigmoid-table.ts";

describe("tables of functions", () => {
  it("hold every 8-bit value, least first, rounded away from zero and clamped", () => {
    const table = byteTable("i8", { scale: 0.5, zeroPoint: 0 }, { scale: 1, zeroPoint: 3 }, (x) => x);
    expect(table).toHaveLength(256);
    expect([table[0], table[127], table[128], table[129], table[255]]).toEqual([-61, 2, 3, 4, 67]);
    const steep = byteTable("u8", { scale: 2, zeroPoint: 10 }, { scale: 1, zeroPoint: 0 }, (x) => x);
    expect([steep[0], steep[11], steep[255]]).toEqual([0, 2, 255]);
  });

  it("interpolate 16-bit values: a line is met to one step", () => {
    const steps = { scale: 2 ** -12, zeroPoint: 0 };
    const table = wordTable(steps, steps, (x) => x);
    for (let stored = -32768; stored <= 32767; stored += 97)
      expect(Math.abs(lookUpWord(table, stored) - stored)).toBeLessThanOrEqual(1);
  });

  it("interpolate 16-bit values: exp is off by what one stored step of its input and the chord make", () => {
    const table = wordTable(
      { scale: 10 / 65535, zeroPoint: 32767 },
      { scale: 2 / 65535, zeroPoint: 0 },
      Math.exp,
      (x) => x,
    );
    for (let stored = -32768; stored <= 32767; stored += 61) {
      const real = Math.exp((stored - 32767) * (10 / 65535)) * 32768;
      expect(Math.abs(lookUpWord(table, stored) - real)).toBeLessThanOrEqual(8);
    }
  });
});

describe("16-bit sigmoid and tanh", () => {
  it("come within two steps of the real functions and saturate", () => {
    for (let x = -131072; x <= 131072; x += 777) {
      const real = x / (3 * 4096);
      expect(Math.abs(sigmoidOfWord(x) - 32768 / (1 + Math.exp(-real)))).toBeLessThanOrEqual(2);
      expect(Math.abs(tanhOfWord(x) - 32768 * Math.tanh(real))).toBeLessThanOrEqual(4);
    }
    expect([sigmoidOfWord(200000), sigmoidOfWord(-200000)]).toEqual([32767, 1]);
  });

  it("take scales by multiplier, or by shift where they are a power of two", () => {
    expect(wordScaling(2 ** -12, [0])).toEqual({ factor: 3, shift: 0 });
    expect(wordScaling(2 ** -11, [0, 1])).toEqual({ factor: 6, shift: 0 });
    expect(wordScaling(2 ** -11, [0])).toEqual({ factor: 24576, shift: 12 });
    expect(wordScaling(0.0003, [0])).toEqual({ factor: 30198, shift: 13 });
  });
});
