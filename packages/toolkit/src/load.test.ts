import { readFileSync } from "node:fs";
import { readZip, writeZip } from "@millrace/formats/zip";
import { type Diagnostic, DiagnosticError } from "@millrace/ir";
import { describe, expect, test } from "vitest";
import { diagnosticsOf } from "./errors.ts";
import { type LoadedModel, load } from "./load.ts";

const example = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../../examples/digits/${name}`, import.meta.url)));

/** The first diagnostic that loading ends with. */
function problemOf(name: string, bytes: Uint8Array): Diagnostic | undefined {
  try {
    load({ name, bytes });
    return undefined;
  } catch (error) {
    return diagnosticsOf(error)?.[0];
  }
}

const shapesOf = ({ graph }: LoadedModel) => graph.inputs.map(({ type }) => type.shape);

describe("a model file", () => {
  test.each(["digits.onnx", "digits_float.tflite", "digits.pt2", "digits_core.pt2"])(
    "%s is read by what it holds, whatever its name",
    (name) => {
      const bytes = example(name);
      const known = load({ name, bytes });
      expect(load({ name: "model.bin", bytes })).toMatchObject({ name: "model.bin", format: known.format });
      expect(shapesOf(load({ name: "model", bytes }))).toEqual(shapesOf(known));
    },
  );

  test("that can't be used is named by its problems", () => {
    const bytes = example("digits.pt2").subarray(0, 2000);
    expect(() => load({ name: "cut.pt2", bytes })).toThrow(DiagnosticError);
    expect(problemOf("cut.pt2", bytes)).toMatchObject({ code: "zip.not-zip", at: { model: "cut.pt2" } });
  });

  test("of another format than its name says is refused", () => {
    expect(problemOf("digits.onnx", example("digits.pt2"))?.code).toBe("model.wrong-ending");
    expect(problemOf("digits.pt2", example("digits.onnx"))?.code).toBe("model.wrong-ending");
    expect(problemOf("notes.txt", new TextEncoder().encode("some text"))?.code).toBe("model.unknown-ending");
  });

  test.each(["digits.pt", "digits.pth", "digits.pt2", "digits"])(
    "with PyTorch's weights alone is told to have no graph as %s",
    (name) => {
      const problem = problemOf(name, example("digits.pt"));
      expect(problem?.code).toBe("pt2.weights-only");
      expect(problem?.message).toContain('44 tensors, "stem.0.weight" of [32, 1, 3, 3]');
    },
  );

  test("with several programs is read as its first, and the others are told of", () => {
    const members = new Map(
      [...readZip(example("digits.pt2")).values()].map((member) => [member.name, member.bytes()]),
    );
    for (const [name, bytes] of [...members])
      if (/model(_weights_config|_constants_config)?\.json$/.test(name))
        members.set(name.replace(/model(?=[^/]*$)/, "second"), bytes);
    const { diagnostics } = load({ name: "two.pt2", bytes: writeZip(members) });
    expect(diagnostics).toMatchObject([
      { code: "pt2.several-models", message: expect.stringContaining("Left out: second") },
    ]);
  });
});
