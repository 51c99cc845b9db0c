import { type Diagnostic, DiagnosticError, type Graph, type Node, namePattern } from "@millrace/ir";

/** The nodes of some names, of layers with such names in the source, or of such operators, and why each stays. Throws `npu.unknown-layer`. */
export function keptNodes(graph: Graph, names: readonly string[]): ReadonlyMap<Node, string> {
  const kept = new Map<Node, string>();
  const problems: Diagnostic[] = [];
  const nodes = names.length === 0 ? [] : [...graph.nodes()];
  for (const name of names) {
    const fits = namePattern(name);
    const named = nodes.filter((node) => [node.name, node.op.name, ...node.origin].some(fits));
    for (const node of named) kept.set(node, `it was asked to stay on the processor, as ${name}`);
    if (named.length === 0) problems.push(unknown(name));
  }
  if (problems.length > 0) throw new DiagnosticError(problems);
  return kept;
}

function unknown(name: string): Diagnostic {
  return {
    code: "npu.unknown-layer",
    severity: "error",
    message: `no layer or operator is called ${name}, so nothing of that name can stay on the processor`,
    hint: "millrace explain lists the names of layers and operators",
  };
}
