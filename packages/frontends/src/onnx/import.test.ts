import { encodeTensor } from "@millrace/formats/onnx";
import { verify } from "@millrace/ir";
import { describe, expect, it } from "vitest";
import { importOnnx } from "./import.ts";
import { diagnosticsOf, floats, input, int, ints, longs, model, node, operatorsOf, run } from "./model.testing.ts";

const x = input("x", [1, 2]);
const codes = (...parts: Parameters<typeof diagnosticsOf>) => diagnosticsOf(...parts).map(({ code }) => code);

describe("names and origins", () => {
  const { graph } = importOnnx(
    model({
      inputs: [x],
      nodes: [
        { ...node("HardSigmoid x -> soft"), name: "gate" },
        node("Identity soft -> same"),
        node("Relu same -> y"),
      ],
      outputs: ["y", "same"],
    }),
  );

  it("keep those of the source", () => {
    expect(graph.inputs.map(({ name }) => name)).toEqual(["x"]);
    expect(graph.outputNames).toEqual(["y", "same"]);
    expect(graph.outputs.map(({ name }) => name)).toEqual(["y", "soft"]);
  });

  it("are shared by all nodes made for one, and come from the first result where there is none", () => {
    const nodes = [...graph.nodes()].map(({ name, origin }) => [name, ...origin]);
    expect(nodes).toEqual([
      ["gate", "gate"],
      ["gate", "gate"],
      ["gate", "gate"],
      ["y", "y"],
    ]);
    expect(verify(graph)).toEqual([]);
  });
});

describe("inputs", () => {
  it("with an initializer are constants, and unused initializers are not read", () => {
    const unusable = encodeTensor("unused", { dataType: "STRING", dims: [1], data: ["a"] });
    const { graph } = importOnnx(
      model({
        inputs: [x, input("w", [2])],
        nodes: [node("Add x w -> y")],
        outputs: ["y"],
        initializers: [floats("w", [2], [1, 2]), unusable],
      }),
    );
    expect(graph.inputs.map(({ name }) => name)).toEqual(["x"]);
    expect([...graph.nodes()][0].inputs[1]?.constant?.data).toEqual(Float32Array.of(1, 2));
  });

  it("share a symbol, and a negative or missing size becomes one of its own", () => {
    const parts = {
      inputs: [input("a", ["n", -1]), input("b", ["n", 3])],
      nodes: [node("Add a b -> y")],
      outputs: ["y"],
    };
    const { graph } = importOnnx(model(parts));
    expect(graph.inputs.map(({ type }) => type.shape)).toEqual([
      ["n", "a_1"],
      ["n", 3],
    ]);
    expect(graph.outputs[0].type.shape).toEqual(["n", 3]);
  });

  it("take the sizes and shapes given", () => {
    const parts = {
      inputs: [input("a", ["n", 3]), input("b", ["n", 1])],
      nodes: [node("Add a b -> y")],
      outputs: ["y"],
    };
    const bound = importOnnx(model(parts), { dimensions: new Map([["n", 4]]) });
    expect(bound.graph.outputs[0].type.shape).toEqual([4, 3]);
    const shaped = importOnnx(model(parts), { shapes: new Map([["a", [5, 3]]]) });
    expect(shaped.graph.inputs.map(({ type }) => type.shape)).toEqual([
      [5, 3],
      [5, 1],
    ]);
  });

  it("report sizes given for what isn't there, and a shape nobody knows", () => {
    const parts = {
      inputs: [{ name: "a", type: { tensor: { elementType: 1 } } }],
      nodes: [node("Relu a -> y")],
      outputs: ["y"],
    };
    const given = { dimensions: new Map([["m", 1]]), shapes: new Map([["b", [1]]]) };
    expect(codes(parts, given).toSorted()).toEqual([
      "onnx.unknown-dimension",
      "onnx.unknown-input",
      "onnx.unknown-shape",
    ]);
    expect(codes(parts, { shapes: new Map([["a", [2, 2]]]) })).toEqual([]);
  });

  it("are stored as float32, which is said once for each type", () => {
    const double = encodeTensor("w", { dataType: "DOUBLE", dims: [1], data: Float64Array.of(1 / 3) });
    const half = encodeTensor("h", { dataType: "FLOAT16", dims: [1], data: Uint16Array.of(0x3c00) });
    const parts = {
      inputs: [input("x", [1], 11)],
      nodes: [node("Add x w -> a"), node("Add a h -> y")],
      outputs: ["y"],
      initializers: [double, half],
    };
    expect(diagnosticsOf(parts).map(({ code, severity }) => [code, severity])).toEqual([
      ["onnx.float32", "warning"],
      ["onnx.float32", "info"],
    ]);
    expect(run(parts, [1]).values).toEqual([Math.fround(1 + Math.fround(1 / 3)) + 1].map(Math.fround));
  });
});

describe("problems", () => {
  it("are all reported at once, each with the node and a way out; what depends on them is not", () => {
    const parts = {
      inputs: [x],
      nodes: [
        node("StringNormalizer x -> a"),
        node("Relu a -> b"),
        { ...node("Fancy b -> c"), domain: "com.example", name: "fancy" },
        node("MaxPool x -> d", ints("kernel_shape", 2, 2)),
        node("Add x nothing -> e"),
        node("Add c e -> y"),
      ],
      outputs: ["y"],
    };
    const found = diagnosticsOf(parts);
    expect(found.map(({ code, at }) => [code, at?.node])).toEqual([
      ["onnx.unknown-operator", "a"],
      ["onnx.unknown-operator", "fancy"],
      ["onnx.shape", "d"],
      ["onnx.missing-input", "e"],
    ]);
    expect(found.every(({ hint, message }) => hint && message.endsWith("."))).toBe(true);
    expect(found[1].message).toContain(
      'Fancy "fancy": the operator Fancy of com.example is not supported (it makes "c")',
    );
  });

  it("include names given twice", () => {
    const nodes = [node("Relu x -> y"), node("Neg x -> y")];
    expect(codes({ inputs: [x], nodes, outputs: ["y"] })).toEqual(["onnx.duplicate-name"]);
    const initializers = [floats("w", [1], [1]), floats("w", [1], [2])];
    expect(codes({ inputs: [x], nodes: [node("Add x w -> y")], outputs: ["y"], initializers })).toEqual([
      "onnx.duplicate-name",
    ]);
    expect(codes({ inputs: [x, x], nodes: [node("Relu x -> y")], outputs: ["y"] })).toEqual(["onnx.duplicate-name"]);
  });

  it("include a cycle, but not an order that can be mended", () => {
    const cycle = [node("Add x b -> a"), node("Relu a -> b")];
    expect(codes({ inputs: [x], nodes: cycle, outputs: ["b"] })).toEqual(["onnx.cycle"]);
    const reversed = [node("Relu a -> y"), node("Neg x -> a")];
    expect(diagnosticsOf({ inputs: [x], nodes: reversed, outputs: ["y"] })).toMatchObject([
      { code: "onnx.not-topological", severity: "info" },
    ]);
    expect(run({ inputs: [x], nodes: reversed, outputs: ["y"] }, [1, -2]).values).toEqual([0, 2]);
  });

  it("include unknown opsets, attributes, outputs and stray shapes", () => {
    const relu = { inputs: [x], nodes: [node("Relu x -> y")], outputs: ["y"] };
    expect(codes({ ...relu, opset: 29 })).toEqual(["onnx.opset"]);
    expect(codes({ ...relu, nodes: [node("Relu x -> y", int("slope", 1))] })).toEqual(["onnx.unsupported-attribute"]);
    expect(codes({ ...relu, outputs: ["z"] })).toEqual(["onnx.missing-input"]);
    expect(codes({ ...relu, outputs: [] })).toEqual(["onnx.missing-output"]);
    expect(codes({ ...relu, nodes: [node("Concat x x -> y", int("axis", 5))] })).toEqual(["onnx.shape"]);
    expect(codes({ ...relu, nodes: [node("Concat x x -> y")] })).toEqual(["onnx.missing-attribute"]);
  });

  it("of initializers come from the reader of tensors", () => {
    const stored = [{ key: "location", value: "../w" }];
    const external = { name: "w", dims: [1], dataType: 1, dataLocation: 1, externalData: stored };
    const parts = { inputs: [x], nodes: [node("Add x w -> y")], outputs: ["y"], initializers: [external] };
    expect(diagnosticsOf(parts)).toMatchObject([{ code: "onnx.external-data-escape", at: { value: "w" } }]);
  });
});

describe("arithmetic on shapes", () => {
  const batch = input("x", ["n", 3, 4]);

  it("is followed through open sizes", () => {
    const parts = {
      inputs: [batch],
      nodes: [
        node("Shape x -> shape"),
        node("Gather shape zero -> n", int("axis", 0)),
        node("Slice shape one three -> rest"),
        node("ReduceProd rest -> product", int("keepdims", 1)),
        node("Concat n product -> target", int("axis", 0)),
        node("Reshape x target -> y"),
      ],
      outputs: ["y"],
      initializers: [longs("zero", 0), longs("one", 1), longs("three", 3)],
    };
    expect(operatorsOf(parts)).toEqual(["reshape"]);
    expect(importOnnx(model(parts)).graph.outputs[0].type.shape).toEqual(["n", 12]);
  });

  it("settles a size that is left open, and one that is copied", () => {
    const shapeOf = (...target: number[]) =>
      importOnnx(
        model({
          inputs: [batch],
          nodes: [node("Reshape x t -> y")],
          outputs: ["y"],
          initializers: [longs("t", ...target)],
        }),
      ).graph.outputs[0].type.shape;
    expect(shapeOf(-1, 12)).toEqual(["n", 12]);
    expect(shapeOf(0, -1)).toEqual(["n", 12]);
    expect(shapeOf(-1)).toEqual(["12*n"]);
  });

  it("resolves the way exporters write Expand", () => {
    const parts = {
      inputs: [batch, input("row", [1, 3, 1])],
      nodes: [
        node("Shape x -> shape"),
        node("Equal shape minus -> open"),
        node("Where open ones shape -> target"),
        node("Expand row target -> y"),
      ],
      outputs: ["y"],
      initializers: [longs("minus", -1), longs("ones", 1, 1, 1)],
    };
    expect(operatorsOf(parts)).toEqual(["expand"]);
    expect(importOnnx(model(parts)).graph.outputs[0].type.shape).toEqual(["n", 3, 4]);
  });

  it("refuses a shape that depends on data", () => {
    const parts = { inputs: [batch, input("t", [2], 7)], nodes: [node("Reshape x t -> y")], outputs: ["y"] };
    expect(codes(parts)).toEqual(["onnx.not-constant", "onnx.open-sizes"]);
    expect(diagnosticsOf(parts)[0].hint).toContain("--input-value t=FILE.npy");
  });
});

describe("constants", () => {
  it("that are large are computed only where their elements count", () => {
    const weights = floats("w", [80, 60], new Array(4800).fill(0.5));
    const parts = {
      inputs: [input("x", [1, 60])],
      nodes: [node("Transpose w -> wt"), node("MatMul x wt -> y")],
      outputs: ["y"],
      initializers: [weights],
    };
    const { graph } = importOnnx(model(parts));
    const [linear] = [...graph.nodes()];
    expect([graph.size, linear.op.name, linear.inputs[1]?.type.shape]).toEqual([1, "linear", [80, 60]]);
    expect(run(parts, new Array(60).fill(1)).values).toEqual(new Array(80).fill(30));
    const sum = { ...parts, inputs: [input("x", [60, 80])], nodes: [node("Transpose w -> wt"), node("Add x wt -> y")] };
    expect(operatorsOf(sum)).toEqual(["transpose", "add"]);
  });

  it("may come from few bytes, up to a limit", () => {
    const filled = (...shape: number[]) => ({
      inputs: [x],
      nodes: [node("ConstantOfShape s -> w"), node("Add x w -> y")],
      outputs: ["y"],
      initializers: [longs("s", ...shape)],
    });
    expect(run(filled(1, 2), [1, 2]).values).toEqual([1, 2]);
    expect(codes(filled(2 ** 40, 2))).toEqual(["onnx.too-large"]);
    expect(codes(filled(-1))).toEqual(["onnx.shape"]);
  });
});

describe("large graphs", () => {
  it("take time that grows with them", () => {
    const nodes = Array.from({ length: 20_000 }, (_, index) => node(`Relu v${index} -> v${index + 1}`));
    const source = model({ inputs: [input("v0", ["n", 8])], nodes, outputs: ["v20000"] });
    const start = performance.now();
    expect(importOnnx(source).graph.size).toBe(20_000);
    expect(performance.now() - start).toBeLessThan(15_000);
  });
});
