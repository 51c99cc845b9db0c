import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { nodeOnnxruntime } from "@millrace/devices/node";
import { compile, reportHtml, reportText } from "@millrace/toolkit";
import { digitsDataset } from "./data.ts";

const here = new URL(".", import.meta.url);
const bytes = new Uint8Array(readFileSync(new URL("digits.onnx", here)));
const { outputs, report } = await compile({ name: "digits.onnx", bytes }, digitsDataset(), {
  floatEngine: nodeOnnxruntime(),
});

mkdirSync(new URL("out/", here), { recursive: true });
for (const output of outputs) writeFileSync(new URL(`out/${output.path}`, here), output.bytes);
writeFileSync(new URL("out/report.json", here), `${JSON.stringify(report, null, 2)}\n`);
writeFileSync(new URL("out/report.html", here), reportHtml(report));

console.log(reportText(report));
console.log("\nThe files and the full report (report.html, report.json) are in examples/digits/out");
