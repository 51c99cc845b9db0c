import { type Diagnostic, DiagnosticError, type Graph, type Node, type Value } from "@millrace/ir";
import type { Kernel, KernelContext, KernelFactory, Unsupported } from "./kernels/kernel.ts";
import { evaluated } from "./kernels/movement.ts";
import { integerKernels, realKernels } from "./kernels/table.ts";

/** One node to compute and the values nobody reads after it. */
export interface Step {
  readonly node: Node;
  readonly kernel: Kernel;
  readonly spent: readonly Value[];
}

const integers = integerKernels as Readonly<Record<string, KernelFactory | Unsupported>>;
const reals = realKernels as Readonly<Record<string, KernelFactory | undefined>>;

/** Steps that compute `kept`, in order. Throws a DiagnosticError with every node that has no kernel. */
export function planSteps(graph: Graph, kept: ReadonlySet<Value>, context: KernelContext): readonly Step[] {
  const nodes = neededNodes(graph, kept);
  const spent = spentValues(nodes, kept);
  const problems: Diagnostic[] = [];
  const steps: Step[] = [];
  for (const node of nodes) {
    try {
      steps.push({ node, kernel: factoryOf(node)(node, context), spent: spent.get(node) ?? [] });
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
      problems.push(...error.diagnostics);
    }
  }
  if (problems.length > 0) throw new DiagnosticError(problems);
  return steps;
}

function isQuantized(value: Value | undefined): boolean {
  return value?.type.quantization !== undefined;
}

function factoryOf(node: Node): KernelFactory {
  const { op, name } = node;
  if (!node.inputs.some(isQuantized) && !node.outputs.some(isQuantized)) {
    const real = node.inputs.every((value) => value === undefined || value.type.dtype === "f32");
    return (real ? reals[op.name] : undefined) ?? evaluated;
  }
  const entry = integers[op.name];
  if (typeof entry === "function") return entry;
  const why = entry?.unsupported ?? (op.quantization.kind === "float" ? op.quantization.why : "no kernel is known");
  return () => {
    throw new DiagnosticError([
      {
        code: "runtime.no-integer-kernel",
        severity: "error",
        message: `${op.name} "${name}" can't be computed on quantized values: ${why}.`,
        at: { node: name },
        hint: "Leave this node in float, with dequantize before it and quantize after it.",
      },
    ]);
  };
}

function neededNodes(graph: Graph, kept: ReadonlySet<Value>): readonly Node[] {
  const needed = new Set<Node>();
  const pending = [...kept];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    const { producer } = value;
    if (producer === undefined || needed.has(producer)) continue;
    needed.add(producer);
    for (const input of producer.inputs) if (input) pending.push(input);
  }
  return [...graph.nodes()].filter((node) => needed.has(node));
}

/** For each node the values that it is the last to touch; kept values and constants are never spent. */
function spentValues(nodes: readonly Node[], kept: ReadonlySet<Value>): ReadonlyMap<Node, readonly Value[]> {
  const last = new Map<Value, Node>();
  for (const node of nodes) {
    for (const value of [...node.inputs, ...node.outputs]) {
      if (value && value.constant === undefined && !kept.has(value)) last.set(value, node);
    }
  }
  const spent = new Map<Node, Value[]>();
  for (const [value, node] of last) spent.set(node, [...(spent.get(node) ?? []), value]);
  return spent;
}
