import { join } from "node:path";
import type { Compilation, Diagnostic, TargetFormat, VendorBackendName } from "@millrace/toolkit";
import { Command, Option } from "commander";
import { cacheFolder } from "../cache-folder.ts";
import { openCalibrationData, requireCalibrationData } from "../calibration-data.ts";
import type { Context, Run } from "../context.ts";
import { engineOf } from "../engines.ts";
import { type ExternalCompilerOptions, externalFor, withExternalOptions } from "../external-options.ts";
import { isFileTarget, type MachineOptions, machineFor, npuOptionsOf, withMachineOptions } from "../machine-options.ts";
import { isIntegerModel, loadOptionsOf, modelFile, readModel } from "../model-file.ts";
import { withExamples } from "../options.ts";
import { checkOutputFolder, writeOutputs } from "../output-files.ts";
import { type QuantizationOptions, withQuantizationOptions } from "../quantization-options.ts";
import { recipeBytes, requestOf } from "../recipe-file.ts";
import { reportFiles } from "../report-files.ts";
import { RequestError } from "../request-error.ts";
import { printableLines } from "../terminal.ts";

interface Options extends QuantizationOptions, MachineOptions, ExternalCompilerOptions {
  readonly target: string;
  readonly to?: (typeof formats)[number];
  readonly backend?: (typeof backends)[number];
}

const formats = ["tflite", "pte"] as const satisfies readonly TargetFormat[];
const backends = ["millrace", "neutron"] as const satisfies readonly ("millrace" | VendorBackendName)[];

export function compileCommand(run: Run): Command {
  const command = new Command("compile")
    .description("Take a model the whole way to a target and measure what became of it")
    .argument("<model>", modelFile)
    .requiredOption(
      "--target <target>",
      "what to compile for: a machine that `millrace targets` names, or a file format: tflite, onnx or pte",
    )
    .addOption(new Option("--to <format>", "with a machine: format of the models (default: tflite)").choices(formats))
    .addOption(
      new Option(
        "--backend <backend>",
        "with --to pte: whose delegates; neutron's hold int8 TFLite models as input for NXP's converter, which no device runs as they are (default: millrace)",
      ).choices(backends),
    )
    .requiredOption("-o, --output <folder>", "folder for the models, report.json and report.html")
    .action((path: string, options: Options) => run(options, (context) => compileModel(path, options, context)));
  return withExamples(withExternalOptions(withMachineOptions(withQuantizationOptions(command))), [
    "compile model.onnx --target tflite --data samples/ -o out/",
    "compile model.onnx --target tflite --data samples.npz -o out/ --io uint8",
    "compile model.pt2 --target pte --data samples/ -o out/",
    "compile model.onnx --target tflite --data samples/ -o out/ --json",
    "compile model.onnx --target imxrt700 --data samples/ -o out/",
    "compile model.onnx --target imxrt700 --data samples/ -o out/ --weights storage --schedule tuned",
    "compile model.pt2 --target imxrt700 --to pte --data samples/ -o out/ --io float32",
    "compile model.pt2 --target imxrt700 --to pte --data samples/ -o out/ --keep-on-cpu softmax,classifier*",
    "compile model.pt2 --target imxrt700 --to pte --backend neutron --data samples/ -o out/",
    "compile model.onnx --target imxrt700 --data samples/ -o out/ --schedule tuned --level optimal --time-limit 30",
    "compile model.onnx --target imxrt700 --data samples/ -o out/ --external neutron-converter",
    "compile model_int8.tflite --target tflite -o out/ --external vela --external-target ethos-u55-256",
  ]);
}

async function compileModel(path: string, options: Options, context: Context): Promise<void> {
  const folder = options.output;
  const request = await requestOf(options);
  const sources = { ...options, finished: options.data === undefined && (await isIntegerModel(path)) };
  requireCalibrationData(sources, "compiling");
  const to = formatOf(options);
  const machine = await machineFor(options.target, options);
  const npu = machine && (await npuOptionsOf(machine, options));
  const { signal, progress } = context;
  const scheme = sources.finished || options.like !== undefined ? undefined : request.scheme;
  if (to !== "tflite" && options.external !== undefined) {
    throw new RequestError(
      "external.no-tflite",
      `${options.external} takes .tflite files, and a .${to} file was asked for`,
      { hint: "ask for .tflite, or leave --external out" },
    );
  }
  const external = await externalFor({ ...options, scheme }, signal);
  await checkOutputFolder(folder);
  const { compile, compileExternally } = await import("@millrace/toolkit");
  const source = readModel(path);
  const data = await openCalibrationData(sources, "compiling");
  const compilation = await compile(source, data, {
    ...loadOptionsOf(options),
    ...request,
    ...(options.like !== undefined && { likeModel: readModel(options.like) }),
    ...(options.accuracyDrop !== undefined && { accuracyDrop: options.accuracyDrop }),
    ...(options.cache !== undefined && { cache: await cacheFolder(options.cache, signal) }),
    ...(options.ioLayout && { ioLayout: options.ioLayout }),
    to,
    ...(options.backend === "neutron" && { backend: options.backend }),
    ...(options.memory !== undefined && { memoryBytes: options.memory }),
    ...(machine && { machine }),
    ...(npu && { npu }),
    ...(options.cpuKernels && { kernels: options.cpuKernels }),
    measure: data.count > 0,
    floatEngine: await engineOf("onnxruntime", { signal }),
    integerEngine: await engineOf("wasm", { signal }),
    signal,
    progress,
  });
  await finish(external ? await compileExternally(compilation, source, external) : compilation, path, folder, context);
}

/** The format of the models. */
function formatOf({ target, to }: Options): TargetFormat {
  if (!isFileTarget(target)) return to ?? "tflite";
  if (to === undefined || to === target) return target;
  throw new RequestError("target.two-formats", `--target ${target} and --to ${to} ask for two formats`, {
    hint: `give --target ${to} alone, or a machine with --target`,
  });
}

/** Writes the files and tells of them. The failure of an external compiler comes after, as what there is is of use without it. */
async function finish(
  { outputs, report, recipe }: Compilation,
  path: string,
  folder: string,
  { signal, report: tell, result }: Context,
): Promise<void> {
  const { DiagnosticError, reportText } = await import("@millrace/toolkit");
  const models = outputs.map((output) => ({ path: join(folder, output.path), bytes: output.bytes }));
  const recipeFile = { path: join(folder, "recipe.json"), bytes: recipeBytes(recipe) };
  await writeOutputs([...models, ...(await reportFiles(folder, report)), recipeFile], {
    inputs: [path],
    signal,
    folder,
  });
  const isFailure = ({ severity, code }: Diagnostic) => severity === "error" && code.startsWith("external.");
  const failures = report.diagnostics.filter(isFailure);
  tell(report.diagnostics.filter((diagnostic) => !isFailure(diagnostic)));
  if (failures.length > 0) throw new DiagnosticError(failures);
  result(report, printableLines(`${reportText(report)}\nreport      ${join(folder, "report.html")}`));
}
