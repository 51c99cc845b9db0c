import { fail } from "@millrace/ir";
import type { LogPatterns, TableColumns } from "./statistics.ts";

/** A vendor's compiler of TFLite files, as far as it takes to run it and to understand what it says. */
export interface ExternalCompiler {
  readonly title: string;
  /** What it compiles for where nobody says: a name of its own, or undefined for the machine that the model is compiled for. */
  readonly defaultTarget?: string;
  /** Names of schemes whose files it takes. */
  readonly schemes: readonly string[];
  /** How it is called in the folder of its input. */
  arguments(input: string, target: string): readonly string[];
  /** The file that it makes of `model.tflite`. */
  readonly output: string;
  /** The custom operator by which its files call the NPU. */
  readonly operator: string;
  readonly log: LogPatterns;
  /** A table of figures that it leaves beside. */
  readonly table?: { readonly name: RegExp; readonly columns: TableColumns };
  /** Where to get it. */
  readonly origin: string;
}

/** What the file is called that external compilers read. */
export const externalInput = "model.tflite";

/** The external compilers that are known, by the names of their executables. */
export const externalCompilers = {
  "neutron-converter": {
    title: "NXP's eIQ Neutron converter",
    schemes: ["int8"],
    arguments: (input, target) => ["--input", input, "--output", "model_neutron.tflite", "--target", target],
    output: "model_neutron.tflite",
    operator: "NeutronGraph",
    log: {
      converted: /^Number of operators converted\s*=\s*(\d+)/,
      notConverted: /^Number of operators NOT converted\s*=\s*(\d+)/,
    },
    origin: "it comes with NXP's eIQ Toolkit and eIQ Neutron SDK",
  },
  vela: {
    title: "Arm's Vela",
    defaultTarget: "ethos-u55-128",
    schemes: ["int8", "int16x8"],
    arguments: (input, target) => [input, "--accelerator-config", target, "--output-dir", "."],
    output: "model_vela.tflite",
    operator: "ethos-u",
    log: {
      converted: /^NPU operators\s*=\s*(\d+)/,
      notConverted: /^CPU operators\s*=\s*(\d+)/,
      cycles: /^Total cycles\s+(\d+) cycles\/batch/,
      ms: /^Batch Inference time\s+([\d.]+) ms/,
    },
    table: {
      name: /^model_summary_.*\.csv$/,
      columns: { cycles: ["cycles_total", 1], ms: ["inference_time", 1000] },
    },
    origin: "it comes with the Python package ethos-u-vela",
  },
} satisfies Readonly<Record<string, ExternalCompiler>>;

export type ExternalCompilerName = keyof typeof externalCompilers;

/** Throws `external.scheme` where a compiler does not take files of a scheme. */
export function requireScheme(name: ExternalCompilerName, scheme: string): void {
  const { title, schemes }: ExternalCompiler = externalCompilers[name];
  if (schemes.includes(scheme)) return;
  fail("external.scheme", `${title} does not take files of the scheme ${scheme}`, {
    hint: `give --scheme ${schemes.join(" or ")}`,
  });
}
