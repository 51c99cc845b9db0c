import { join } from "node:path";
import { Command } from "commander";
import { cacheFolder } from "../cache-folder.ts";
import { openCalibrationData, requireCalibrationData } from "../calibration-data.ts";
import type { Context, Run } from "../context.ts";
import { engineOf } from "../engines.ts";
import { type MachineOptions, machineFor, npuOptionsOf, withMachineOptions } from "../machine-options.ts";
import { loadOptionsOf, readModel } from "../model-file.ts";
import { withExamples } from "../options.ts";
import { checkOutputFolder, writeOutputs } from "../output-files.ts";
import { type QuantizationOptions, withQuantizationOptions } from "../quantization-options.ts";
import { recipeBytes, requestOf } from "../recipe-file.ts";
import { reportFiles } from "../report-files.ts";
import { printableLines } from "../terminal.ts";

interface Options extends QuantizationOptions, MachineOptions {
  readonly target: string;
}

export function compileCommand(run: Run): Command {
  const command = new Command("compile")
    .description("Take a model the whole way to a target and measure what became of it")
    .argument("<model>", "model file: .onnx or .tflite")
    .requiredOption("--target <target>", "what to compile for: tflite, or a machine that `millrace targets` names")
    .requiredOption("-o, --output <folder>", "folder for the models, report.json and report.html")
    .action((path: string, options: Options) => run(options, (context) => compileModel(path, options, context)));
  return withExamples(withMachineOptions(withQuantizationOptions(command)), [
    "compile model.onnx --target tflite --data samples/ -o out/",
    "compile model.onnx --target tflite --data samples.npz -o out/ --io uint8",
    "compile model.onnx --target tflite --data samples/ -o out/ --json",
    "compile model.onnx --target imxrt700 --data samples/ -o out/",
    "compile model.onnx --target imxrt700 --data samples/ -o out/ --weights storage --schedule tuned",
  ]);
}

async function compileModel(path: string, options: Options, context: Context): Promise<void> {
  const folder = options.output;
  const request = await requestOf(options);
  requireCalibrationData(options, "compiling");
  const machine = await machineFor(options.target, options);
  const npu = machine && npuOptionsOf(machine, options);
  await checkOutputFolder(folder);
  const { compile, reportText } = await import("@millrace/toolkit");
  const { signal, progress } = context;
  const source = readModel(path);
  const data = await openCalibrationData(options, "compiling");
  const { outputs, report, recipe } = await compile(source, data, {
    ...loadOptionsOf(options),
    ...request,
    ...(options.like !== undefined && { likeModel: readModel(options.like) }),
    ...(options.accuracyDrop !== undefined && { accuracyDrop: options.accuracyDrop }),
    ...(options.cache !== undefined && { cache: await cacheFolder(options.cache, signal) }),
    ...(options.ioLayout && { ioLayout: options.ioLayout }),
    ...(machine && { machine }),
    ...(npu && { npu }),
    measure: data.count > 0,
    floatEngine: await engineOf("onnxruntime", { signal }),
    integerEngine: await engineOf("wasm", { signal }),
    signal,
    progress,
  });
  const models = outputs.map((output) => ({ path: join(folder, output.path), bytes: output.bytes }));
  const recipeFile = { path: join(folder, "recipe.json"), bytes: recipeBytes(recipe) };
  await writeOutputs([...models, ...(await reportFiles(folder, report)), recipeFile], {
    inputs: [path],
    signal,
    folder,
  });
  context.report(report.diagnostics);
  context.result(report, printableLines(`${reportText(report)}\nreport      ${join(folder, "report.html")}`));
}
