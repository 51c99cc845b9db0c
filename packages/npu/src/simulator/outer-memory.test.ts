import { DiagnosticError } from "@millrace/ir";
import { describe, expect, test } from "vitest";
import type { Command } from "../commands/command.ts";
import { lookUp } from "../commands/look-up.ts";
import { awaitTransfers, oneRun, transfer } from "../commands/transfer.ts";
import { decodeProgram, encodeProgram, type Machine, machines, type Program, simulate } from "../index.ts";
import { memoryBase, outerBase } from "./memory.ts";

const { imx95 } = machines;
const machine: Machine = {
  ...imx95,
  outer: { ...imx95.outer!, readBytesPerCycle: 4, writeBytesPerCycle: 2, start: 10, channels: 2 },
};

const command = <F extends string>(
  kind: Command["kind"] & { readonly fields: readonly F[] },
  fields: Record<NoInfer<F>, number>,
): Command => ({ kind, fields });
const copy = (
  from: number,
  to: number,
  bytes: number,
  apart = oneRun as Record<"runs" | "fromStep" | "toStep", number>,
) => command(transfer, { from, to, bytes, ...apart });
const wait = (transfers: number) => command(awaitTransfers, { transfers });
const look = (input: number, output: number, length: number) =>
  command(lookUp, { input, output, length, resultBytes: 1, table: 0 });

/** Adds one to every integer, in two tiles of 32: the second comes in while the first is computed, and the first goes out while the second is. */
const commands: readonly Command[] = [
  copy(outerBase, memoryBase, 32),
  copy(outerBase + 32, memoryBase + 32, 32),
  wait(1),
  look(memoryBase, memoryBase + 64, 32),
  copy(memoryBase + 64, outerBase + 64, 32),
  wait(2),
  look(memoryBase + 32, memoryBase + 96, 32),
  copy(memoryBase + 96, outerBase + 96, 32),
];

const program: Program = {
  machine: "imx95",
  mode: "controller",
  memoryBytes: 128,
  outerBytes: 128,
  inputs: [{ address: outerBase, bytes: 64 }],
  outputs: [{ address: outerBase + 64, bytes: 64 }],
  commands,
  constants: Uint8Array.from({ length: 256 }, (_, at) => (at + 129) % 256),
};

const input = Uint8Array.from({ length: 64 }, (_, at) => at * 3);

function codeOf(changed: readonly Command[], more: Partial<Program> = {}, on = machine): string | undefined {
  try {
    simulate({ ...program, commands: changed, ...more }, on, [input]);
    return undefined;
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics[0].code;
    throw error;
  }
}

const without = (at: number) => commands.filter((_, index) => index !== at);
const instead = (at: number, other: Command) => commands.map((each, index) => (index === at ? other : each));

describe("outer memory in the simulator", () => {
  test("holds inputs and results, of which tiles come and go", () => {
    const { outputs } = simulate(program, machine, [input]);
    expect([...outputs[0]]).toEqual([...input].map((x) => (x + 1) % 256));
  });

  test("is read and written at its own rates, each direction beside the other and the array", () => {
    const { events, cycles } = simulate(program, machine);
    const [first, second, computed, out, last, end] = events;
    expect([first.start, first.end]).toEqual([0, 10 + 8]);
    expect([second.start, second.end]).toEqual([0, 18 + 8]);
    expect(computed.start).toBe(18);
    expect([out.start, out.end]).toEqual([computed.end, computed.end + 10 + 16]);
    expect(last.start).toBe(computed.end);
    expect(cycles).toBe(end.end);
    const one = simulate(program, { ...machine, outer: { ...machine.outer!, channels: 1 } });
    expect(one.events[1].start).toBe(18);
    expect(one.events[1].end).toBe(18 + 10 + 8);
  });

  test.each([
    ["a wait for a tile that comes in", 2],
    ["the wait for the second tile", 5],
  ])("finds a race without %s", (_, at) => expect(codeOf(without(at))).toBe("npu.race"));

  test("finds races with what goes out", () => {
    expect(codeOf(instead(6, look(memoryBase + 32, memoryBase + 64, 32)))).toBe("npu.race");
    expect(codeOf(instead(7, copy(memoryBase + 96, outerBase + 80, 32)))).toBe("npu.race");
    expect(codeOf([...commands, copy(outerBase + 96, memoryBase, 32)])).toBe("npu.race");
    expect(codeOf([...commands, wait(4), copy(outerBase + 96, memoryBase, 32)])).toBeUndefined();
  });

  test("finds what nothing was written to, in either memory", () => {
    expect(codeOf(without(7))).toBe("npu.uninitialised");
    expect(codeOf(instead(1, copy(outerBase + 64, memoryBase + 32, 32)))).toBe("npu.uninitialised");
    expect(codeOf(instead(4, copy(memoryBase + 100, outerBase + 64, 8)))).toBe("npu.uninitialised");
  });

  test("finds what reaches beyond it, and that the array does not reach it", () => {
    expect(codeOf(instead(7, copy(memoryBase + 96, outerBase + 97, 32)))).toBe("npu.out-of-bounds");
    expect(codeOf(instead(6, look(outerBase, memoryBase + 96, 32)))).toBe("npu.out-of-bounds");
    expect(codeOf(commands, { outerBytes: 127 })).toBe("npu.out-of-bounds");
  });

  test("is no larger than the machine's", () => {
    expect(codeOf(commands, { outerBytes: machine.outer!.bytes + 1 })).toBe("npu.out-of-memory");
    const { outer: _, ...rest } = machine;
    expect(codeOf(commands, {}, rest)).toBe("npu.out-of-memory");
  });

  test("takes runs that lie apart, if the machine has such transfers, and lets others between them", () => {
    const halves = [0, 16].flatMap((at) => [
      copy(outerBase + at, memoryBase + at * 2, 16, { runs: 2, fromStep: 32, toStep: 16 }),
    ]);
    const outs = [0, 16].map((at) =>
      copy(memoryBase + at * 2, outerBase + 64 + at, 16, { runs: 2, fromStep: 16, toStep: 32 }),
    );
    const moved = [...halves, wait(2), ...outs];
    expect([...simulate({ ...program, commands: moved }, machine, [input]).outputs[0]]).toEqual([...input]);
    expect(codeOf(moved, {}, { ...machine, outer: { ...machine.outer!, strided: false } })).toBe("npu.beyond-machine");
    const meeting = copy(memoryBase, outerBase + 72, 16, { runs: 2, fromStep: 16, toStep: 32 });
    expect(codeOf([...halves, wait(2), outs[0], meeting])).toBe("npu.race");
  });

  test("is read back from the bytes, addresses without sign", () => {
    expect(decodeProgram(encodeProgram(program))).toEqual(program);
  });

  test("takes nothing from the array where banks differ", () => {
    const bytes = 2 ** 12;
    const long = {
      memoryBytes: 2 ** 20,
      outerBytes: 4 * bytes,
      commands: [
        copy(outerBase, memoryBase, bytes),
        wait(1),
        copy(outerBase, memoryBase + 2 ** 19, bytes),
        look(memoryBase, memoryBase + bytes, bytes),
      ],
      inputs: [{ address: outerBase, bytes }],
      outputs: [],
    };
    const fast = {
      ...machine,
      ports: { weights: 8, data: 8 },
      outer: { ...machine.outer!, readBytesPerCycle: 16, start: 0 },
    };
    const stallWith = (banks: number) =>
      simulate({ ...program, ...long }, { ...fast, memory: { ...fast.memory, banks } }).events[2].stall;
    expect(stallWith(1)).toBeGreaterThan(0);
    expect(stallWith(2)).toBe(0);
  });
});
