import type { PteInstruction } from "@millrace/formats/pte";
import { describe, expect, it } from "vitest";
import { structuredSteps } from "./structured-steps.ts";

const move = (moveFrom: number): PteInstruction => ({ kind: "MoveCall", moveFrom, moveTo: 9 });
const jump = (destinationInstruction: number, condValueIndex = 0): PteInstruction => ({
  kind: "JumpFalseCall",
  condValueIndex,
  destinationInstruction,
});
/** Value 0 is the constant false. */
const structured = (...instructions: PteInstruction[]) => structuredSteps(instructions, (value) => value === 0);

describe("jumps in ExecuTorch programs", () => {
  it("are branches", () => {
    const steps = structured(jump(3, 7), move(1), jump(4), move(2));
    expect(steps).toEqual([{ kind: "Branch", condition: 7, whenTrue: [move(1)], whenFalse: [move(2)] }]);
  });

  it("are loops, with branches in them", () => {
    const branch = { kind: "Branch", condition: 7, whenTrue: [move(3)], whenFalse: [] };
    expect(structured(move(2), jump(6, 8), jump(5, 7), move(3), jump(5), jump(0))).toEqual([
      { kind: "Loop", head: [move(2)], condition: 8, body: [branch] },
    ]);
  });

  it.each([
    ["out of a part", [jump(3, 7), move(1), jump(9), move(2)]],
    ["over nothing", [jump(1, 7), move(1)]],
    ["without another part", [jump(2, 7), move(1), move(2)]],
    ["back without an end", [move(1), jump(0)]],
    ["back on a condition", [jump(2, 7), jump(0, 7)]],
    ["to itself", [jump(0, 7)]],
    ["deep into each other", Array.from({ length: 200 }, (_, at) => (at < 100 ? jump(300 - at, 7) : jump(0)))],
  ])("are refused: %s", (_, instructions) => {
    expect(() => structured(...instructions)).toThrow(/branches or loops/);
  });
});
