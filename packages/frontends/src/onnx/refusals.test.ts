import { describe, expect, it } from "vitest";
import { diagnosticsOf, input, node } from "./model.testing.ts";

describe("an operator without an importer", () => {
  const messageOf = (line: string, domain = "") => {
    const nodes = [{ ...node(line), domain }];
    return diagnosticsOf({ inputs: [input("x", [1])], nodes, outputs: ["y"] })[0].message;
  };

  it("is refused with the reason, if there is one beyond that", () => {
    expect(messageOf("Bernoulli x -> y")).toContain("its results are random");
    expect(messageOf("StringNormalizer x -> y")).toContain("it works on texts");
    expect(messageOf("Adam x -> y", "ai.onnx.preview.training")).toContain("it is a step of training");
    expect(messageOf("Binarizer x -> y", "ai.onnx.ml")).toContain("classical machine learning");
    expect(messageOf("Bernoulli x -> y", "local")).toMatch(/is not supported \(it makes "y"\)\.$/);
  });
});
