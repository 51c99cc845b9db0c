import { type Diagnostic, DiagnosticError, type Graph, type Node, sameShape } from "@millrace/ir";
import type { Pass } from "./pass.ts";

/** Checks every node and recomputes the types of its results. All problems are raised together. */
export const inferShapes: Pass = {
  name: "infer-shapes",
  run(graph) {
    const problems: Diagnostic[] = [];
    let changes = 0;
    for (const node of graph.nodes()) {
      const complaints = node.op.check(node.inputs, node.attributes);
      problems.push(...complaints.map((complaint) => invalid(node, complaint)));
      if (complaints.length === 0) changes += updateTypes(graph, node);
    }
    if (problems.length > 0) throw new DiagnosticError(problems);
    return changes;
  },
};

function updateTypes(graph: Graph, node: Node): number {
  let changes = 0;
  node.op.infer(node.inputs, node.attributes).forEach((type, index) => {
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
