import { DiagnosticError, fromNumbers, Graph, perAxis, perTensor } from "@millrace/ir";
import { conv2d } from "@millrace/ops";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Command } from "../commands/command.ts";
import { compileGraph, decodeProgram, encodeProgram, isSegment, machines, type Program, simulate } from "../index.ts";

const machine = { ...machines.imxrt700, storage: { copyBytesPerCycle: 0.849, overlaps: true, direct: false } };

/** Three convolutions of 3x3, whose weights are copied while the array computes. */
function program(width = 8): Program {
  const graph = new Graph("three");
  const type = { dtype: "i8", shape: [1, 8, width, 16], quantization: perTensor(0.05, 1) } as const;
  let x = graph.addInput("x", type);
  for (const layer of [1, 2, 3]) {
    const weights = fromNumbers(
      "i8",
      [16, 3, 3, 16],
      Array.from({ length: 2304 }, (_, at) => ((at * 7 * layer) % 255) - 127),
    );
    const scales = perAxis(new Array<number>(16).fill(0.002), 0);
    const attributes = {
      stride: [1, 1],
      dilation: [1, 1],
      padding: [1, 1, 1, 1],
      groups: 1,
      layout: "last",
      activation: "relu",
    };
    const inputs = [x, graph.addConstant(`w${layer}`, weights, scales)];
    [x] = graph.addNode({ op: conv2d, inputs, attributes, outputTypes: [type] }).outputs;
  }
  graph.setOutputs([x]);
  const { phases } = compileGraph(graph, machine, { weights: "storage", overlapCopies: true });
  const [segment] = phases.filter(isSegment);
  return segment.program;
}

const sound = program();
const input = Uint8Array.from({ length: 1024 }, (_, at) => (at * 37) % 256);

function codeOf(changed: Program): string | undefined {
  try {
    simulate(changed, machine, [input]);
    return undefined;
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics[0].code;
    throw error;
  }
}

function withCommands(change: (commands: readonly Command[]) => readonly Command[]): Program {
  return { ...sound, commands: change(sound.commands) };
}

const isKind = (name: string) => (command: Command) => command.kind.name === name;

describe("the simulator", () => {
  test("executes a sound program, whose copies go on beside the array", () => {
    const { outputs, events, cycles } = simulate(sound, machine, [input]);
    expect(new Set(outputs[0]).size).toBeGreaterThan(20);
    const busy = events.reduce((sum, { start, end }) => sum + end - start, 0);
    expect(busy).toBeGreaterThan(cycles);
  });

  test("has copies take what either port leaves, and the array wait where both are in use", () => {
    const busy = { ...machine, modes: { sequencer: { operator: 0, job: 0, writeBack: 0 } } };
    const stallsOf = (width: number) => {
      const { events } = simulate(program(width), busy);
      return events.filter(({ lane }) => lane === "array").map(({ stall }) => stall);
    };
    const share = machine.storage.copyBytesPerCycle / machine.ports.data;
    const jobs = 8 * 2;
    const steps = 9 * 2;
    expect(stallsOf(8)).toEqual([Math.ceil(jobs * steps * 8 * share), expect.anything(), 0]);
    expect(stallsOf(16)).toEqual([0, 0, 0]);
  });

  test.each([0, 1, 2])("finds a race where wait %i is missing", (which) => {
    const waits = sound.commands.filter(isKind("await"));
    expect(codeOf(withCommands((commands) => commands.filter((command) => command !== waits[which])))).toBe("npu.race");
  });

  test("finds bytes that nothing was written to where a copy is missing", () => {
    const changed = withCommands((commands) => {
      const copy = commands.findLast(isKind("transfer"));
      return commands
        .filter((command) => command !== copy)
        .map((command) =>
          command.kind.name === "await"
            ? { ...command, fields: { transfers: Math.min(2, command.fields.transfers) } }
            : command,
        );
    });
    expect(codeOf(changed)).toBe("npu.uninitialised");
  });

  test("finds a place in memory given to a copy and to what the array computes meanwhile", () => {
    const written = sound.commands.find(isKind("convolve"))!.fields.output;
    const changed = withCommands((commands) => {
      const copy = commands.filter(isKind("transfer"))[1];
      return commands.map((command) =>
        command === copy ? { ...command, fields: { ...command.fields, to: written, bytes: 16 } } : command,
      );
    });
    expect(codeOf(changed)).toBe("npu.race");
  });

  test("finds what reaches beyond the memory and the constants", () => {
    const moved = (name: string, by: number) =>
      withCommands((commands) =>
        commands.map((command) =>
          command.kind.name === "convolve"
            ? { ...command, fields: { ...command.fields, [name]: command.fields[name] + by } }
            : command,
        ),
      );
    expect(codeOf(moved("output", 1_000_000))).toBe("npu.out-of-bounds");
    expect(codeOf({ ...sound, constants: sound.constants.subarray(0, 100) })).toBe("npu.out-of-bounds");
  });

  test("waits for no transfer that there is not", () => {
    const changed = withCommands((commands) => [
      { kind: commands.find(isKind("await"))!.kind, fields: { transfers: 4 } },
      ...commands,
    ]);
    expect(codeOf(changed)).toBe("npu.deadlock");
  });

  test("refuses a program of another machine or mode, whose weights lie otherwise", () => {
    expect(codeOf({ ...sound, machine: "mcxn94x" })).toBe("npu.other-machine");
    expect(codeOf({ ...sound, mode: "turbo" })).toBe("npu.other-machine");
  });

  test("refuses a program that needs more memory than there is", () => {
    expect(codeOf({ ...sound, memoryBytes: machine.memory.bytes + 1 })).toBe("npu.out-of-memory");
  });
});

describe("the bytes of a program", () => {
  const bytes = encodeProgram(sound);

  test("can be read back", () => {
    expect(decodeProgram(bytes)).toEqual(sound);
  });

  test("give a diagnostic or run to the end, wherever they are damaged", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.nat(1200), value: fc.integer({ min: 0, max: 255 }) }), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.nat(bytes.length),
        (changes, length) => {
          const damaged = bytes.slice(0, changes[0].value % 5 === 0 ? length : bytes.length);
          for (const { at, value } of changes) damaged[at] = value;
          try {
            simulate(decodeProgram(damaged), machine, [input]);
          } catch (error) {
            expect(error).toBeInstanceOf(DiagnosticError);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
