import {
  type Diagnostic,
  DiagnosticError,
  type Graph,
  type Node,
  sameShape,
  type Value,
  type ValueType,
} from "@millrace/ir";
import type { Pass } from "./pass.ts";

/**
 * Checks every node and recomputes the types of its results, whose quantization stays; those in bodies follow from what their
 * nodes read. Raises all problems together.
 */
export const inferShapes: Pass = {
  name: "infer-shapes",
  run(graph, { nested }) {
    if (nested) return 0;
    const problems: Diagnostic[] = [];
    const changes = inferGraph(graph, problems);
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
      name: "sizes in the body of a loop, but for one that changes from round to round",
      before: `
        input x: f32[2,3]
        input z: f32[4]
        y: f32[N,3], w: f32[M] = while(x, z) {condition=graph c {
          input x: f32[N,3]
          input z: f32[M]
          constant no: bool[1] = [0]
          output no
        }, body=graph b {
          input x: f32[N,3]
          input z: f32[M]
          y: f32[N,3] = neg(x)
          w: f32[2*M] = concat(z, z) {axis=0}
          output y
          output w
        }}
        output y
        output w`,
      after: `
        input x: f32[2,3]
        input z: f32[4]
        y: f32[2,3], w: f32[M] = while(x, z) {condition=graph c {
          input x: f32[2,3]
          input z: f32[M]
          constant no: bool[1] = [0]
          output no
        }, body=graph b {
          input x: f32[2,3]
          input z: f32[M]
          y: f32[2,3] = neg(x)
          w: f32[2*M] = concat(z, z) {axis=0}
          output y
          output w
        }}
        output y
        output w`,
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

function inferGraph(graph: Graph, problems: Diagnostic[]): number {
  let changes = 0;
  for (const node of graph.nodes()) {
    const known = problems.length;
    changes += inferBodies(node, problems);
    if (problems.length > known) continue;
    const complaints = node.op.check(node.inputs, node.attributes);
    problems.push(...complaints.map((complaint) => invalid(node, complaint)));
    if (complaints.length > 0) continue;
    const types = node.op.infer(node.inputs, node.attributes);
    if (types.length === node.outputs.length) changes += updateTypes(graph, node.outputs, types);
    else problems.push(invalid(node, `it gives ${types.length} results, not ${node.outputs.length}`));
  }
  return changes;
}

function inferBodies({ op, inputs, attributes }: Node, problems: Diagnostic[]): number {
  let changes = 0;
  for (const body of op.bodies?.(inputs, attributes) ?? []) {
    changes += updateTypes(body.graph, body.graph.inputs, body.inputs);
    changes += inferGraph(body.graph, problems);
  }
  return changes;
}

function updateTypes(graph: Graph, values: readonly Value[], types: readonly ValueType[]): number {
  let changes = 0;
  values.forEach((value, index) => {
    const type = types[index];
    if (type === undefined || (value.type.dtype === type.dtype && sameShape(value.type.shape, type.shape))) return;
    const { quantization } = value.type;
    graph.setType(value, { ...type, ...(quantization && { quantization }) });
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
