import { readFileSync } from "node:fs";
import { DiagnosticError } from "@millrace/ir";
import { machines } from "@millrace/npu";
import { describe, expect, it } from "vitest";
import { write } from "./convert.ts";
import { type Dialect, type DialectOptions, dialectView } from "./dialect.ts";
import { integerLayer } from "./integer-layer.testing.ts";
import type { ModelSource } from "./load.ts";

function example(name: string): ModelSource {
  return { name, bytes: new Uint8Array(readFileSync(new URL(`../../../examples/digits/${name}`, import.meta.url))) };
}

function integerModel(): ModelSource {
  return { name: "layer.tflite", bytes: write(integerLayer(), "tflite").bytes };
}

async function codeOf(source: ModelSource, dialect: Dialect, options: DialectOptions = {}): Promise<string> {
  try {
    await dialectView(source, dialect, options);
    return "";
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics[0].code;
    throw error;
  }
}

/** Where nodes stand among the user's modules, without their own names. */
const modulesOf = (namespaces: readonly (string | undefined)[]) => [
  ...new Set(namespaces.map((namespace) => namespace?.split("/").slice(0, -1).join("/"))),
];

const stages = ["stem", "dw1", "pw1", "dw2", "pw2", "dw3", "pw3"].map(
  (name) => `user_module.Digits/Sequential_${name}`,
);

describe("a model in a dialect", () => {
  it.each(["aten", "edge"] as const)(
    "has the user's modules as namespaces, in the order of %s operators",
    async (dialect) => {
      const { nodes } = await dialectView(example("digits.pt2"), dialect);
      expect(modulesOf(nodes.map(({ namespace }) => namespace))).toEqual([...stages, "user_module.Digits"]);
    },
  );

  it("has the same layers as PyTorch's operators and as Edge operators", async () => {
    const source = example("digits.pt2");
    const [aten, edge] = [await dialectView(source, "aten"), await dialectView(source, "edge")];
    const count = (nodes: typeof edge.nodes, target: string) => nodes.filter((node) => node.target === target).length;
    expect(count(edge.nodes, "aten.convolution.default")).toBe(count(aten.nodes, "aten.conv2d.default"));
    const known = new Set(aten.nodes.map(({ namespace }) => namespace));
    expect(edge.nodes.filter(({ namespace }) => !known.has(namespace))).toEqual([]);
    expect(edge.nodes.map(({ target }) => target)).not.toContain("aten.batch_norm.default");
  });

  it("has no namespaces where the model tells of no modules", async () => {
    const { nodes } = await dialectView(example("digits.onnx"), "edge");
    expect(nodes.filter(({ namespace }) => namespace !== undefined)).toEqual([]);
    expect(nodes.filter(({ origin = [] }) => origin.length === 0)).toEqual([]);
  });

  it("shows what an array computes of integers as delegates, and the rest between conversions", async () => {
    const targets = async (dialect: Dialect, options: DialectOptions = {}) =>
      (await dialectView(integerModel(), dialect, options)).nodes.map(({ target }) => target);
    const edge = await targets("edge");
    expect(edge).toContain("aten.convolution.default");
    expect(edge.filter((target) => target.startsWith("delegate."))).toEqual([]);
    const backend = await targets("backend", { machine: machines.imxrt700 });
    expect(backend.filter((target) => target.startsWith("delegate."))).toEqual(["delegate.MillraceNpu"]);
    expect(backend).not.toContain("aten.convolution.default");
    expect(backend).toContain("aten._softmax.default");
  });

  it("is refused where it has no such form", async () => {
    expect(await codeOf(integerModel(), "aten")).toBe("dialect.no-aten");
    expect(await codeOf(example("digits.pt2"), "backend", { machine: machines.imxrt700 })).toBe("dialect.float-model");
  });
});
