import { afterAll, describe, expect, it } from "vitest";
import { isShared } from "../golden.ts";
import { checkProgram } from "./check-program.ts";
import { programFiles } from "./program-files.ts";

/** How far a result may be off PyTorch's. */
const bound = 1e-4;
const lines: string[] = [];

describe.skipIf(!isShared)("exported PyTorch programs", () => {
  it.each(programFiles)("$name computes what PyTorch computed, with the operators of its ONNX file", async (file) => {
    const { imported, written, litert, executorch, operators, fromOnnx } = await checkProgram(file);
    const histogram = Object.entries(operators).map(([operator, count]) => `${count} ${operator}`);
    const errors = [imported, written, litert, executorch].map((error) => error.toExponential(1));
    lines.push(
      `${file.name}  ${errors[0]} imported, ${errors[1]} in TFLite (${errors[2]} in LiteRT), ${errors[3]} in ExecuTorch`,
    );
    lines.push(`  ${histogram.join(", ")}`);
    expect(imported).toBeLessThanOrEqual(bound);
    expect(written).toBeLessThanOrEqual(bound);
    expect(litert).toBeLessThanOrEqual(bound);
    expect(executorch).toBeLessThanOrEqual(bound);
    if (file.differs) expect(operators, "the operators are the same by now").not.toEqual(fromOnnx);
    else expect(operators).toEqual(fromOnnx);
  });

  afterAll(() => console.log(lines.join("\n")));
});
