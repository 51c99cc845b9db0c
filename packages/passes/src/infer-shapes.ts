import { type Diagnostic, DiagnosticError, type Graph, type Node, sameShape } from "@millrace/ir";
import type { Pass } from "./pass.ts";

/** Checks every node and recomputes the types of its results, whose quantization stays. Raises all problems together. */
export const inferShapes: Pass = {
  name: "infer-shapes",
  run(graph) {
    const problems: Diagnostic[] = [];
    let changes = 0;
    for (const node of graph.nodes()) {
      const complaints = node.op.check(node.inputs, node.attributes);
      problems.push(...complaints.map((complaint) => invalid(node, complaint)));
      if (complaints.length > 0) continue;
      const types = node.op.infer(node.inputs, node.attributes);
      if (types.length === node.outputs.length) changes += updateTypes(graph, node, types);
      else problems.push(invalid(node, `it gives ${types.length} results, not ${node.outputs.length}`));
    }
    if (problems.length > 0) throw new DiagnosticError(problems);
    return changes;
  },
  examples: [
    {
      name: "sizes that follow from an input of known size",
      before: `
        input x: f32[1,4]
        y: f32[N,4] = neg(x)
        z: f32[N,8] = concat(y, y) {axis=1}
        output z`,
      after: `
        input x: f32[1,4]
        y: f32[1,4] = neg(x)
        z: f32[1,8] = concat(y, y) {axis=1}
        output z`,
    },
    {
      name: "a size that stays open",
      before: `
        input x: f32[N,4]
        y: f32[N,4] = neg(x)
        output y`,
    },
  ],
};

function updateTypes(graph: Graph, node: Node, types: ReturnType<Node["op"]["infer"]>): number {
  let changes = 0;
  types.forEach((type, index) => {
    const output = node.outputs[index];
    if (output.type.dtype === type.dtype && sameShape(output.type.shape, type.shape)) return;
    graph.setType(output, { ...type, ...(output.type.quantization && { quantization: output.type.quantization }) });
    changes++;
  });
  return changes;
}

function invalid(node: Node, complaint: string): Diagnostic {
  return {
    code: "graph.invalid-node",
    severity: "error",
    message: `${node.name} (${node.op.name}): ${complaint}`,
    at: { node: node.name },
    hint: "check the sizes given for the inputs against those the model was made for",
  };
}
