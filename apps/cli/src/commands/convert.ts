import type { Conversion, ConvertOptions, IoLayout, Output, TargetFormat } from "@millrace/toolkit";
import { Command } from "commander";
import type { CommonOptions, Run } from "../context.ts";
import { loadOptionsOf, modelFile, readModel, type ShapeOptions } from "../model-file.ts";
import {
  collect,
  parseBounds,
  parseCount,
  withExamples,
  withLayoutOption,
  withMemoryOption,
  withShapeOptions,
} from "../options.ts";
import { checkOutput, writeOutputs } from "../output-files.ts";
import { readArrays } from "../run-inputs.ts";
import { columns, printable } from "../terminal.ts";

interface Options extends CommonOptions, ShapeOptions {
  readonly output: string;
  readonly ioLayout?: IoLayout;
  readonly inputValue?: ReadonlyMap<string, string>;
  readonly opset?: number;
  readonly unroll?: boolean;
  readonly memory?: number;
  readonly externalWeights?: boolean;
  readonly bound?: ConvertOptions["bounds"];
}

export function convertCommand(run: Run): Command {
  const command = new Command("convert")
    .description("Write a model in another format; what it computes stays the same")
    .argument("<model>", modelFile)
    .requiredOption("-o, --output <file>", "file to write: .tflite, .onnx or .pte")
    .option(
      "--input-value <name=file>",
      "array of an input that operators need the contents of, as NAME=X.npy; the input becomes a constant; may be repeated",
      collect(String),
    )
    .option("--opset <version>", "version of ONNX's operators in an .onnx file, 17 to 23 (default: 18)", parseCount)
    .option("--unroll", "write recurrent layers out step by step, for runtimes that keep no states or run no loops")
    .option(
      "--bound <name=range>",
      "least and greatest size of a batch that stays open in a .pte file, as N=1..16; memory is planned for the greatest; may be repeated",
      collect(parseBounds),
    )
    .option("--external-weights", "write the parameters of a .pte file to a .ptd file beside it")
    .action((path: string, options: Options) =>
      run(options, async (context) => {
        const { artifactOf, convert, inspect, memoryOf, targetOf } = await import("@millrace/toolkit");
        const { output, ioLayout, opset, memory: memoryBytes, externalWeights, bound: bounds } = options;
        const { inputValue = new Map<string, string>(), unroll: unrolled = false } = options;
        const to = targetOf(output);
        await checkOutput(output, [path, ...inputValue.values()]);
        const started = performance.now();
        const given = { ...loadOptionsOf(options), values: await readArrays(inputValue) };
        const conversion = convert(readModel(path), {
          ...given,
          to,
          unrolled,
          ...(ioLayout && { ioLayout }),
          ...(opset && { opset }),
          ...(memoryBytes !== undefined && { memoryBytes }),
          ...(externalWeights && { externalWeights }),
          ...(bounds && { bounds }),
        });
        const files = filesOf(output, to, conversion);
        await writeOutputs(files, { inputs: [path], signal: context.signal });
        const ms = performance.now() - started;
        const { model, operators, transposes, diagnostics, written, formerPeakBytes } = conversion;
        const { source, format, bytes, macs, parameters } = inspect(model);
        const memory = written && (await memoryOf(written, { signal: context.signal }, formerPeakBytes));
        context.report(diagnostics);
        const document = {
          model: { source, format, bytes, macs, parameters },
          artifacts: await Promise.all(files.map(artifactOf)),
          graph: { operators, transposes },
          ...(memory && { memory }),
          diagnostics,
          timings: [{ stage: "convert", ms }],
        };
        context.result(document, await describe(output, conversion, ms));
      }),
    );
  return withExamples(withMemoryOption(withLayoutOption(withShapeOptions(command))), [
    "convert model.onnx -o model.tflite",
    "convert model.onnx -o model.tflite --io-layout source --shape image=1,3,224,224",
    "convert model.onnx -o model.tflite --input-value axes=axes.npy",
    "convert model.tflite -o model.onnx --opset 17",
    "convert model_int8.tflite -o smaller.tflite --memory 262144",
    "convert model.pt2 -o model.pte --external-weights",
    "convert model.onnx -o model.pte --bound batch=1..16",
  ]);
}

/** The written file, and the one with its parameters if they have one of their own. */
function filesOf(output: string, to: TargetFormat, { bytes, weights }: Conversion): readonly Output[] {
  const main = { path: output, kind: to, bytes };
  return weights ? [main, { path: output.replace(/\.pte$/i, ".ptd"), kind: "ptd", bytes: weights }] : [main];
}

async function describe(
  output: string,
  { model, bytes, operators, transposes }: Conversion,
  ms: number,
): Promise<string> {
  const { formatBytes, formatDuration } = await import("@millrace/toolkit");
  return [
    `${printable(output)}  ${formatBytes(bytes.length)}, from ${formatBytes(model.bytes)} of ${printable(model.name)}, in ${formatDuration(ms)}`,
    columns(Object.entries(operators).map(([name, count]) => [count, printable(name)])),
    `  ${transposes === 0 ? "no transposes" : `${transposes} of them transposes`}`,
  ].join("\n");
}
