import { type Diagnostic, DiagnosticError, type Graph, type Node, numbersOf, type Value } from "@millrace/ir";
import { slotOf } from "./slot.ts";

const mostShown = 20;

/** Names each layer whose weights or bias hold a number that is not finite, up to twenty of them; `model` is what to call the model's file. */
export function brokenWeights(graph: Graph, model: string): readonly Diagnostic[] {
  return [...graph.nodes()].flatMap((node) => brokenConstants(node, model)).slice(0, mostShown);
}

/** Throws a DiagnosticError with what `brokenWeights` finds. */
export function requireFiniteWeights(graph: Graph, model: string): void {
  const problems = brokenWeights(graph, model);
  if (problems.length > 0) throw new DiagnosticError(problems);
}

function brokenConstants(node: Node, model: string): readonly Diagnostic[] {
  const rule = node.op.quantization;
  if (rule.kind !== "free" || rule.weights === undefined) return [];
  return (["weights", "bias"] as const).flatMap((role) => {
    const value = node.inputs[slotOf(node, rule.weights![role])];
    const at = value ? firstBroken(value) : undefined;
    return at === undefined ? [] : [notFinite(node, role, value!, at, model)];
  });
}

/** Index of the first number of a constant that is not finite. */
function firstBroken({ constant, type }: Value): number | undefined {
  if (constant === undefined || type.dtype !== "f32") return undefined;
  const numbers = numbersOf(constant);
  for (let index = 0; index < numbers.length; index++) if (!Number.isFinite(numbers[index])) return index;
  return undefined;
}

function notFinite(node: Node, role: string, value: Value, index: number, model: string): Diagnostic {
  const number = numbersOf(value.constant!)[index];
  const verb = role === "bias" ? "has" : "have";
  return {
    code: "quantize.weights-not-finite",
    severity: "error",
    message: `the ${role} of ${node.op.name} ${node.origin.join(", ") || node.name} in ${model} ${verb} ${number} at element ${index} of ${value.name}`,
    at: { model, node: node.name, value: value.name },
    hint: "the file is damaged or its training diverged: export the model again from a sound checkpoint",
  };
}
