import { readTflite, type TfliteDraft, writeTflite } from "@millrace/formats/tflite";
import { allNodes, bodiesOf, fromNumbers, verify } from "@millrace/ir";
import { evaluateBody } from "@millrace/ops";
import { describe, expect, it } from "vitest";
import { importTflite } from "./import.ts";
import { linesOf, problemsOf } from "./models.testing.ts";

type Builtin = NonNullable<TfliteDraft<"OperatorCode">["builtinCode"]>;
type Options = TfliteDraft<"Operator">["builtinOptions"];
type Operation = readonly [builtin: Builtin, inputs: readonly number[], outputs: readonly number[], options?: Options];

/** A subgraph of tensors of one float each, but those whose name begins with "is", which are truth values. */
interface Subgraph {
  readonly tensors: readonly string[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly operators: readonly Operation[];
}

/** A file of subgraphs; a tensor called "ten" is the constant 10. */
function modelOf(subgraphs: readonly Subgraph[]) {
  const codes = [...new Set(subgraphs.flatMap(({ operators }) => operators.map(([builtin]) => builtin)))];
  return readTflite(
    writeTflite({
      operatorCodes: codes.map((builtinCode) => ({ builtinCode })),
      buffers: [{}, { data: new Uint8Array(Float32Array.of(10).buffer) }],
      subgraphs: subgraphs.map(({ tensors, operators, ...rest }, index) => ({
        name: `graph${index}`,
        tensors: tensors.map((name) => ({
          name,
          shape: [1],
          type: name.startsWith("is") ? "BOOL" : "FLOAT32",
          buffer: name === "ten" ? 1 : 0,
        })),
        operators: operators.map(([builtin, inputs, outputs, builtinOptions]) => ({
          opcodeIndex: codes.indexOf(builtin),
          inputs,
          outputs,
          ...(builtinOptions && { builtinOptions }),
        })),
        ...rest,
      })),
    }),
  );
}

const branching = (thenSubgraphIndex: number, elseSubgraphIndex: number): Options => {
  return { kind: "IfOptions", thenSubgraphIndex, elseSubgraphIndex };
};
const looping = (condSubgraphIndex: number, bodySubgraphIndex: number): Options => {
  return { kind: "WhileOptions", condSubgraphIndex, bodySubgraphIndex };
};
const calling = (subgraph: number): Options => ({ kind: "CallOptions", subgraph });
const add = { kind: "AddOptions" } as const;

const less: Subgraph = { tensors: ["x", "ten", "is"], inputs: [0], outputs: [2], operators: [["LESS", [0, 1], [2]]] };
const twice: Subgraph = { tensors: ["x", "y"], inputs: [0], outputs: [1], operators: [["ADD", [0, 0], [1], add]] };
const negate: Subgraph = { tensors: ["x", "y"], inputs: [0], outputs: [1], operators: [["NEG", [0], [1]]] };

/** y = the first x · 2ⁿ of 10 or more where `is` holds, else -x. */
const main: Subgraph = {
  tensors: ["is", "x", "y"],
  inputs: [0, 1],
  outputs: [2],
  operators: [["IF", [0, 1], [2], branching(1, 2)]],
};
const doubling: Subgraph = {
  tensors: ["x", "z"],
  inputs: [0],
  outputs: [1],
  operators: [["WHILE", [0], [1], looping(3, 4)]],
};
const single = (builtin: Builtin, options?: Options): Subgraph => ({
  tensors: ["x", "y"],
  inputs: [0],
  outputs: [1],
  operators: [[builtin, [0], [1], options]],
});

describe("subgraphs", () => {
  it("become the bodies of branches and loops", () => {
    const { graph, diagnostics } = importTflite(modelOf([main, doubling, negate, less, twice]));
    expect(diagnostics).toEqual([]);
    expect(verify(graph)).toEqual([]);
    expect([...allNodes(graph)].map(({ op, origin }) => [op.name, ...origin])).toEqual([
      ["less", "is"],
      ["add", "y"],
      ["while", "z"],
      ["neg", "y"],
      ["if", "y"],
    ]);
    const result = (condition: number) =>
      evaluateBody(graph, [fromNumbers("bool", [1], [condition]), fromNumbers("f32", [1], [3])])[0].data[0];
    expect([result(1), result(0)]).toEqual([12, -3]);
  });

  it("take the place of a call, each time anew", () => {
    const four: Subgraph = {
      tensors: ["x", "y", "z"],
      inputs: [0],
      outputs: [2],
      operators: [
        ["CALL", [0], [1], calling(1)],
        ["CALL", [1], [2], calling(1)],
      ],
    };
    const { graph } = importTflite(modelOf([four, twice]));
    expect(linesOf(graph)).toEqual(["add(x, x) -> y", "add(y, y) -> y_1"]);
  });

  it("get constants that never change", () => {
    const whole: Subgraph = {
      tensors: ["x", "ten", "y", "rest"],
      inputs: [0],
      outputs: [2],
      operators: [["WHILE", [0, 1], [2, 3], looping(1, 2)]],
    };
    const below = { ...less, inputs: [0, 1] };
    const sum: Subgraph = {
      tensors: ["x", "step", "y"],
      inputs: [0, 1],
      outputs: [2, 1],
      operators: [["ADD", [0, 1], [2], add]],
    };
    const [node] = importTflite(modelOf([whole, below, sum])).graph.nodes();
    const [, [, body]] = bodiesOf(node.attributes);
    const [{ inputs }] = body.nodes();
    expect(inputs.map((value) => value?.constant?.data[0])).toEqual([undefined, 10]);
  });

  it("are named where nothing leads to them", () => {
    const { diagnostics } = importTflite(modelOf([twice, negate]));
    expect(diagnostics.map(({ code, message }) => [code, message])).toEqual([
      ["tflite.subgraphs", "Only the first of the file's entry points is imported; left out are: graph1."],
    ]);
  });

  const handle: Operation = ["VAR_HANDLE", [], [2], { kind: "VarHandleOptions", sharedName: "memory" }];
  const assigning: Subgraph = {
    tensors: ["x", "y", "handle"],
    inputs: [0],
    outputs: [1],
    operators: [handle, ["ASSIGN_VARIABLE", [2, 0], []], ["NEG", [0], [1]]],
  };
  const handing: Subgraph = { ...assigning, operators: [handle, ["CALL", [2], [1], calling(1)]] };
  const wide: Subgraph = { ...twice, inputs: [0, 0] };
  const doubled = (index: number): Subgraph => ({
    tensors: ["x", "y", "z"],
    inputs: [0],
    outputs: [2],
    operators: [
      ["CALL", [0], [1], calling(index + 1)],
      ["CALL", [1], [2], calling(index + 1)],
    ],
  });
  it.each([
    ["run themselves", [single("CALL", calling(0))], "subgraph 0 runs itself"],
    ["run each other", [single("CALL", calling(1)), single("WHILE", looping(1, 0))], "subgraph 1 runs itself"],
    ["are not there", [single("CALL", calling(0))].map((each) => ({ ...each, operators: [] })), "neither an input"],
    ["have other inputs", [single("CALL", calling(1)), wide], "has 2 inputs and 1 outputs instead of 1 and 1"],
    ["say nothing of truth", [single("WHILE", looping(1, 1)), twice], "the condition gives one truth value"],
    ["differ in types", [main, twice, less], "both bodies give results of the same types"],
    ["assign a variable", [single("WHILE", looping(1, 2)), less, assigning], "keeps values from run to run"],
    ["are given a variable", [handing, twice], "it hands a variable to a subgraph"],
    ["lack options", [single("WHILE")], "its options are missing"],
    [
      "stand too deep",
      [...Array(40).keys()].map((index) => single("CALL", calling(index + 1))).concat(twice),
      "run each other too deep",
    ],
    ["multiply", [...Array(30).keys()].map(doubled).concat(twice), "the subgraphs are repeated too often"],
  ])("that %s are refused", (_, subgraphs, message) => {
    const problems = problemsOf(modelOf(subgraphs));
    expect(problems[0].message).toContain(message);
    expect(problems.length).toBeLessThan(1000);
  });
});
