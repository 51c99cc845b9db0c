import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesOf, type DType, type Tensor, viewBytes } from "@millrace/ir";
import { scalarTypeOf } from "@millrace/targets/executorch";

/** The program that README.md beside this file tells how to build; it is no part of the checkout. */
const runner = process.env["MILLRACE_EXECUTORCH"] ?? "";

/** Names of suites that need the runtime say why they are skipped. */
export const runtime = { isThere: runner !== "", name: "ExecuTorch's runtime (skipped without MILLRACE_EXECUTORCH)" };

/** A method of a program, and what it is fed in each of its runs, one after the other. */
export interface ProgramRun {
  readonly program: Uint8Array;
  /** The `.ptd` file of the program's parameters, if they are in one. */
  readonly weights?: Uint8Array;
  readonly feeds: readonly (readonly Tensor[])[];
}

const dtypes: readonly DType[] = ["u8", "i8", "i16", "i32", "i64", "f16", "f32", "f64", "bool", "u16", "u32", "u64"];
const dtypeOf = new Map(dtypes.map((dtype) => [scalarTypeOf(dtype), dtype]));

/** Names with overloads of all kernels that the runtime has, such as `aten::add.out`. */
export function registeredKernels(): ReadonlySet<string> {
  return new Set(spawnSync(runner, ["--kernels"], { encoding: "utf8" }).stdout.split("\n"));
}

/** Names of a program's methods. */
export function methodsOf(program: Uint8Array): readonly string[] {
  return inFolder((place) =>
    spawnSync(runner, [place("model.pte", program)], { encoding: "utf8" })
      .stdout.trimEnd()
      .split("\n"),
  );
}

/** Loads a program and executes its method `forward`, in a process of its own. Throws an error with the runtime's words where it refuses to. */
export function runProgram({ program, weights, feeds }: ProgramRun): readonly (readonly Tensor[])[] {
  return inFolder((place) => {
    const model = place("model.pte", program);
    const data = weights ? place("model.ptd", weights) : "-";
    const results = feeds.map((_, run) => place(`results-${run}`, new Uint8Array(0)));
    const commands = feeds.flatMap((feed, run) => [
      ...feed.map((tensor, index) => {
        const { dtype, shape } = tensor;
        const file = place(`input-${run}-${index}`, bytesOf(tensor));
        return ["tensor", scalarTypeOf(dtype), shape.length, ...shape, file].join(" ");
      }),
      `execute ${results[run]}`,
    ]);
    const input = commands.join("\n");
    const { stdout, stderr, status, signal } = spawnSync(runner, [model, data, "forward"], { input, encoding: "utf8" });
    if (status !== 0) throw new Error(`ExecuTorch: ${stdout.trim() || signal}\n${stderr}`);
    return results.map(readResults);
  });
}

/** Calls `use` with what puts files into a folder that is there for as long as that takes, and gives their paths. */
function inFolder<Result>(use: (place: (name: string, bytes: Uint8Array) => string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), "millrace-executorch-"));
  try {
    return use((name, bytes) => {
      writeFileSync(join(folder, name), bytes);
      return join(folder, name);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Each result is a line that tells type, sizes and bytes, and then the bytes. */
function readResults(path: string): readonly Tensor[] {
  const bytes = readFileSync(path);
  const results: Tensor[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf("\n", at);
    const [type, count, ...shape] = bytes.toString("latin1", at, end).split(" ").map(Number);
    at = end + 1 + count;
    results.push(viewBytes(dtypeOf.get(type)!, shape, new Uint8Array(bytes.subarray(end + 1, at))));
  }
  return results;
}
