import {
  bodiesOf,
  type Diagnostic,
  DiagnosticError,
  type Graph,
  type Node,
  type Operator,
  type Value,
} from "@millrace/ir";
import type { ControlFlow } from "./kernels/control-flow.ts";
import type { Kernel, KernelContext, KernelFactory, Unsupported } from "./kernels/kernel.ts";
import { evaluated } from "./kernels/movement.ts";
import { integerKernels, realKernels } from "./kernels/table.ts";

/** One node to compute and the values nobody reads after it. */
export type Step = KernelStep | ControlStep;

export interface KernelStep {
  readonly node: Node;
  readonly kernel: Kernel;
  readonly spent: readonly Value[];
  readonly bodies?: undefined;
}

/** A node that is computed by running its bodies, which are known by the names of its attributes. */
export interface ControlStep extends ControlFlow {
  readonly node: Node;
  readonly bodies: ReadonlyMap<string, Routine>;
  readonly spent: readonly Value[];
}

/** A body and the steps that compute its outputs. */
export interface Routine {
  readonly graph: Graph;
  readonly steps: readonly Step[];
}

const integers = integerKernels as Readonly<Record<string, KernelFactory | Unsupported | ControlFlow>>;
const reals = realKernels as Readonly<Record<string, KernelFactory | undefined>>;

/** Steps that compute `kept`, in order. Throws a DiagnosticError with every node that has no kernel. */
export function planSteps(graph: Graph, kept: ReadonlySet<Value>, context: KernelContext): readonly Step[] {
  const nodes = neededNodes(graph, kept);
  const spent = spentValues(nodes, kept);
  const problems: Diagnostic[] = [];
  const steps: Step[] = [];
  for (const node of nodes) {
    try {
      steps.push(planStep(node, spent.get(node) ?? [], context));
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
      problems.push(...error.diagnostics);
    }
  }
  if (problems.length > 0) throw new DiagnosticError(problems);
  return steps;
}

function planStep(node: Node, spent: readonly Value[], context: KernelContext): Step {
  const entry = integers[node.op.name];
  if (entry === undefined || !("control" in entry)) return { node, kernel: kernelOf(node, context), spent };
  const routines = bodiesOf(node.attributes).map(([name, graph]) => {
    return [name, { graph, steps: planSteps(graph, new Set(graph.outputs), context) }] as const;
  });
  return { node, control: entry.control, bodies: new Map(routines), spent };
}

function isQuantized(value: Value | undefined): boolean {
  return value?.type.quantization !== undefined;
}

/** Why no kernel computes an operator on quantized values; undefined if one does. */
export function integerKernelGap({ name, quantization }: Operator): string | undefined {
  const entry = integers[name];
  if (typeof entry === "function" || (entry && "control" in entry)) return undefined;
  return entry?.unsupported ?? (quantization.kind === "float" ? quantization.why : "no kernel is known");
}

/** What computes a node, whose operator has no bodies. Throws a DiagnosticError if nothing does. */
export function kernelOf(node: Node, context: KernelContext): Kernel {
  return (context.kernels?.[node.op.name] ?? factoryOf(node))(node, context);
}

function factoryOf(node: Node): KernelFactory {
  const { op, name } = node;
  if (!node.inputs.some(isQuantized) && !node.outputs.some(isQuantized)) {
    const real = node.inputs.every((value) => value === undefined || value.type.dtype === "f32");
    return (real ? reals[op.name] : undefined) ?? evaluated;
  }
  const entry = integers[op.name];
  if (typeof entry === "function") return entry;
  const why = integerKernelGap(op);
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
