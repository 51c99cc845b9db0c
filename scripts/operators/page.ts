import { builtinOperators } from "@millrace/formats/tflite";
import * as onnx from "@millrace/frontends/onnx";
import * as tflite from "@millrace/frontends/tflite";
import * as torch from "@millrace/frontends/torch";
import { operators } from "@millrace/ops";
import { integerKernelGap } from "@millrace/runtime";
import { type Lowered, loweredBy } from "./lowered.ts";

type Row = readonly string[];

/** The page that says what each operator can do, in GitHub's Markdown. */
export function operatorsPage(): string {
  return [
    "# Operators",
    "",
    "Made by `npm run operators-md` from the operators' own tables; a test fails when it is out of date.",
    "",
    "## Of the graph",
    "What each operator is in the files that are written, and whether it is computed on integers that stand for reals",
    "(every operator is computed on reals). Where there is no way, the cell says why.",
    "",
    ...table(["operator", "integers", "TFLite", "ONNX", "ExecuTorch"], graphRows()),
    "",
    "## Of ONNX",
    "Operators that are imported, as one node or written out in several. `com.microsoft` are onnxruntime's own.",
    "",
    Object.keys(onnx.importers).sort(byName).map(code).join(" "),
    "",
    "Refused for what they are:",
    "",
    ...table(["operator or domain", "why"], refusedRows()),
    "",
    "## Of PyTorch",
    "Overloads that are imported from exported programs.",
    "",
    Object.keys(torch.handlers).sort(byName).map(code).join(" "),
    "",
    "## Of TFLite",
    ...table(
      ["builtin operator", "imported"],
      Object.keys(builtinOperators).map((name) => [code(name), importState(name)]),
    ),
    "",
  ].join("\n");
}

function graphRows(): readonly Row[] {
  return [...operators.values()]
    .sort((a, b) => byName(a.name, b.name))
    .map((op) => [
      code(op.name),
      integerKernelGap(op) ?? "yes",
      cellOf(loweredBy("tflite", op)),
      cellOf(loweredBy("onnx", op)),
      cellOf(loweredBy("pte", op)),
    ]);
}

function refusedRows(): readonly Row[] {
  return onnx.refusals.flatMap(([reason, , names]) => names.map((name) => [code(name), reason]));
}

function cellOf(lowered: Lowered): string {
  return "reason" in lowered ? lowered.reason : lowered.operators.map(code).join(" ");
}

function importState(name: string): string {
  if (Object.hasOwn(tflite.importers, name)) return "yes";
  return tflite.refusalOf(name).why;
}

function table(header: Row, rows: readonly Row[]): readonly string[] {
  const line = (cells: Row) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)];
}

const code = (name: string) => `\`${name}\``;
const byName = (a: string, b: string) => a.toLowerCase().localeCompare(b.toLowerCase(), "en");
