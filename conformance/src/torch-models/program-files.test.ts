import { afterAll, describe, expect, it } from "vitest";
import { isShared } from "../golden.ts";
import { checkProgram } from "./check-program.ts";
import { programFiles } from "./program-files.ts";

/** How far a result may be off PyTorch's. */
const bound = 1e-4;
const lines: string[] = [];

describe.skipIf(!isShared)("exported PyTorch programs", () => {
  it.each(programFiles)("$name computes what PyTorch computed, with the operators of its ONNX file", async (file) => {
    const { imported, written, operators, fromOnnx } = await checkProgram(file);
    const histogram = Object.entries(operators).map(([operator, count]) => `${count} ${operator}`);
    lines.push(`${file.name}  ${imported.toExponential(1)} imported, ${written.toExponential(1)} in TFLite`);
    lines.push(`  ${histogram.join(", ")}`);
    expect(imported).toBeLessThanOrEqual(bound);
    expect(written).toBeLessThanOrEqual(bound);
    if (file.differs) expect(operators, "the operators are the same by now").not.toEqual(fromOnnx);
    else expect(operators).toEqual(fromOnnx);
  });

  afterAll(() => console.log(lines.join("\n")));
});
