import { describe, expect, it } from "vitest";
import { readBuffers } from "./read-buffers.ts";

const read = (text: string) => readBuffers(new TextEncoder().encode(text));

describe("a table of buffers", () => {
  it("is read with its ids, in any order of columns", () => {
    expect(read("id,lower,upper,size\nb1,0,3,4\r\nb2,3,9,5\n\n")).toEqual([
      { id: "b1", start: 0, end: 3, size: 4 },
      { id: "b2", start: 3, end: 9, size: 5 },
    ]);
    expect(read("\uFEFFsize, alignment ,id,upper,lower\n4,16,x,3,1")).toEqual([
      { id: "x", start: 1, end: 3, size: 4, alignment: 16 },
    ]);
    expect(read("id,lower,upper,size")).toEqual([]);
  });

  it.each([
    ["plan.bad-header", ""],
    ["plan.bad-header", "\0\u0001\u0002"],
    ["plan.bad-header", "id,lower,upper,bytes\n1,0,1,1"],
    ["plan.bad-header", "id,lower,upper,size,gaps\n1,0,1,1,"],
    ["plan.bad-header", "id,lower,upper,size,size\n1,0,1,1,1"],
    ["line 2", "id,lower,upper,size\n1,0,1"],
    ["line 2", "id,lower,upper,size\n1,0,1,1,1"],
    ["line 3", "id,lower,upper,size\n1,0,1,1\n2,0,1,1e999"],
    ["line 3", "id,lower,upper,size\n1,0,1,1\n2,5,5,1"],
    ["line 3", "id,lower,upper,size\n1,0,1,1\n2,5,6,-1"],
    ["line 3", "id,lower,upper,size\n1,0,1,1\n1,5,6,1"],
    ["line 3", "id,lower,upper,size\n1,0,1,1\n\n2,5,6,1"],
    ["alignment 0", "id,lower,upper,size,alignment\n1,0,1,1,0"],
    ["plan.too-large", `id,lower,upper,size\n${"\n".repeat(100_001)}1,0,1,1`],
  ])("is refused with %s", (problem, text) => {
    expect(() => read(text)).toThrow(problem);
  });

  it("tells all faults at once, up to a number", () => {
    const text = `id,lower,upper,size\n${Array.from({ length: 100 }, (_, index) => `${index},1,0,1`).join("\n")}`;
    expect(() => read(text)).toThrow(expect.objectContaining({ diagnostics: expect.objectContaining({ length: 20 }) }));
  });
});
