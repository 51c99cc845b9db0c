import { expect, it } from "vitest";
import { externalCompilers } from "./external-compilers.ts";
import { statisticsOfLog, statisticsOfTable } from "./statistics.ts";

const { "neutron-converter": neutron, vela } = externalCompilers;

it("takes each figure from the first line that has it, in any order and with any line ends", () => {
  const log =
    "Batch Inference time   0.23 ms, 4382.18 inferences/s\r\nNPU operators = 44 (100.0%)\r\n  NPU operators = 9";
  expect(statisticsOfLog(log, vela.log)).toEqual({ ms: 0.23, converted: 44 });
  expect(statisticsOfLog(log, neutron.log)).toEqual({});
});

it("leaves out what is not a number", () => {
  const log =
    "Number of operators converted     = many\n  xNumber of operators NOT converted = 3\nTotal cycles -4 cycles/batch";
  expect(statisticsOfLog(log, neutron.log)).toEqual({});
  expect(statisticsOfLog("Batch Inference time 1.2.3 ms", vela.log)).toEqual({});
  const { columns } = vela.table;
  expect(statisticsOfTable("inference_time,cycles_total\n0.5", columns)).toEqual({ ms: 500 });
  for (const csv of ["", "\n", "cycles_total", "cycles_total\n\n7", "other\n7", "cycles_total\nnan"])
    expect(statisticsOfTable(csv, columns)).toEqual({});
});

it("reads logs without lines, and of nothing but lines and spaces", () => {
  const size = 2 ** 20;
  for (const log of ["\n".repeat(size), " ".repeat(size), `Total cycles ${" ".repeat(size)}`, "1".repeat(size)])
    expect(statisticsOfLog(log, vela.log)).toEqual({});
});
