import { afterAll, describe, expect, it } from "vitest";
import { checkModel, describeOutcome } from "./check-model.ts";
import { modelFiles } from "./model-files.ts";

const lines: string[] = [];

/** How far a result may be off where a file has no bound of its own. */
const ordinarySteps = 1;

describe("ONNX files in TFLite", () => {
  it.each(modelFiles())("$name computes what onnxruntime computes, or is refused for a known reason", async (file) => {
    const outcome = await checkModel(file);
    lines.push(describeOutcome(file.name, outcome));
    if (outcome.kind === "refused") {
      expect(outcome.codes, outcome.message).toContain(file.refused?.[0]);
      return;
    }
    const { transposes = [0], steps = [ordinarySteps], isConvolutional = true } = file;
    expect(file.refused, "it can be converted by now").toBeUndefined();
    expect(outcome.worst).toBeLessThanOrEqual(steps[0]);
    if (isConvolutional) expect(outcome.transposes).toBeLessThanOrEqual(transposes[0]);
  });

  afterAll(() => console.log(lines.join("\n")));
});
