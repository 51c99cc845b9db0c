import { dirname, join, relative, sep } from "node:path";
import type { Report } from "@millrace/toolkit";
import { Command } from "commander";
import { cacheFolder } from "../cache-folder.ts";
import { openCalibrationData, requireCalibrationData } from "../calibration-data.ts";
import type { Context, Run } from "../context.ts";
import { engineOf } from "../engines.ts";
import { loadOptionsOf, modelFile, readModel } from "../model-file.ts";
import { withExamples } from "../options.ts";
import { checkOutput, checkOutputFolder, writeOutputs } from "../output-files.ts";
import { type QuantizationOptions, withQuantizationOptions } from "../quantization-options.ts";
import { recipeBytes, requestOf } from "../recipe-file.ts";
import { reportFiles } from "../report-files.ts";
import { printableLines } from "../terminal.ts";

interface Options extends QuantizationOptions {
  readonly report?: string;
}

export function quantizeCommand(run: Run): Command {
  const command = new Command("quantize")
    .description("Calibrate a float model on real samples and write it in integers")
    .argument("<model>", `float ${modelFile}`)
    .requiredOption("-o, --output <file>", "file to write: .tflite, .onnx or .pte")
    .option(
      "--report <folder>",
      "measure accuracy too, and write report.json and report.html there instead of report.json beside the model",
    )
    .action((path: string, options: Options) => run(options, (context) => quantize(path, options, context)));
  return withExamples(withQuantizationOptions(command), [
    "quantize model.onnx --data samples/ -o model_int8.tflite",
    "quantize model.onnx --data samples.npz -o model.tflite --io float32 --samples 50",
    "quantize model.onnx --data samples/ -o model.tflite --report report/",
    "quantize model.onnx --data samples/ -o model_int8.onnx",
    "quantize model.pt2 --data samples/ -o model_int8.pte",
    "quantize model.onnx --data samples/ -o model.tflite --accuracy-drop 0.5",
    "quantize model.onnx --data samples/ -o model.tflite --recipe recipe.json",
    "quantize retrained.onnx --like model_int8.tflite -o retrained_int8.tflite",
  ]);
}

async function quantize(path: string, options: Options, context: Context): Promise<void> {
  const { output, report: folder } = options;
  const request = await requestOf(options);
  const { compile, reportText, targetOf } = await import("@millrace/toolkit");
  const to = targetOf(output);
  requireCalibrationData(options, "quantization");
  await checkOutput(output, [path]);
  if (folder !== undefined) await checkOutputFolder(folder);
  const { signal, progress } = context;
  const source = readModel(path);
  const data = await openCalibrationData(options, "quantization");
  const {
    outputs,
    report: whole,
    recipe,
  } = await compile(source, data, {
    ...loadOptionsOf(options),
    ...request,
    ...(options.like !== undefined && { likeModel: readModel(options.like) }),
    ...(options.accuracyDrop !== undefined && { accuracyDrop: options.accuracyDrop }),
    ...(options.cache !== undefined && { cache: await cacheFolder(options.cache, signal) }),
    to,
    ...(options.ioLayout && { ioLayout: options.ioLayout }),
    ...(options.memory !== undefined && { memoryBytes: options.memory }),
    floatEngine: await engineOf("onnxruntime", { signal }),
    integerEngine: await engineOf("wasm", { signal }),
    measure: folder !== undefined && data.count > 0,
    signal,
    progress,
  });
  const reportFolder = folder ?? dirname(output);
  const report = withArtifact(whole, relative(reportFolder, output).split(sep).join("/"));
  const [json, ...page] = await reportFiles(reportFolder, report);
  const keepsRecipe = folder !== undefined || options.accuracyDrop !== undefined;
  const recipeFile = { path: join(reportFolder, "recipe.json"), bytes: recipeBytes(recipe) };
  const files = [json, ...(folder === undefined ? [] : page), ...(keepsRecipe ? [recipeFile] : [])];
  await writeOutputs([{ path: output, bytes: outputs[0].bytes }, ...files], {
    inputs: [path],
    signal,
    ...(folder !== undefined && { folder }),
  });
  context.report(report.diagnostics);
  context.result(report, printableLines(reportText(report)));
}

function withArtifact(report: Report, path: string): Report {
  return { ...report, artifacts: [{ ...report.artifacts[0], path }] };
}
