import { readFileSync } from "node:fs";
import { type Diagnostic, DiagnosticError, fail } from "@millrace/ir";
import { describe, expect, it } from "vitest";
import { type LoadedModel, load } from "./load.ts";
import { tellingPlaces } from "./source-places.ts";

function example(name: string): LoadedModel {
  const bytes = new Uint8Array(readFileSync(new URL(`../../../examples/digits/${name}`, import.meta.url)));
  return load({ name, bytes });
}

/** The model as if every node had been exported with the line that it comes from. */
function withLines(model: LoadedModel): LoadedModel {
  const program = model.program!;
  const stackTrace = '  File "/home/me/net.py", line 7, in forward\n    x = self.stem(x)\n';
  const nodes = program.graph.nodes.map((node) => ({ ...node, metadata: { ...node.metadata, stackTrace } }));
  return { ...model, program: { ...program, graph: { ...program.graph, nodes } } };
}

function problemOf(model: LoadedModel, node: string): Diagnostic {
  try {
    return tellingPlaces(model, () => fail("target.no", `${node} can't be written`, { at: { node } }));
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics[0];
    throw error;
  }
}

describe("a problem of a target with a layer", () => {
  it("tells the module and the line of the source that an exported program has for it", () => {
    const model = withLines(example("digits.pt2"));
    const [{ origin }] = [...model.graph.nodes()];
    expect(problemOf(model, origin[0]).message).toMatch(
      / can't be written in stem\.0 \(net\.py:7: x = self\.stem\(x\)\)$/,
    );
  });

  it("stays as it is where the model has no lines, or none for the layer", () => {
    expect(problemOf(example("digits.onnx"), "conv").message).toBe("conv can't be written");
    expect(problemOf(example("digits.pt2"), "other").message).toBe("other can't be written");
  });
});
