import { allNodes, bodiesOf, cloneGraph, DiagnosticError, type Graph, type SizeBounds } from "@millrace/ir";
import { type OpName, reshape, transpose } from "@millrace/ops";
import { layoutPasses, realBiases, runPasses, unfoldQuantizationBut } from "@millrace/passes";
import { edgeProblems } from "./constraints.ts";
import { npuBackend } from "./delegation.ts";
import type { EdgeBackend, EdgeProgram, EdgeTensor } from "./edge-program.ts";
import { EdgeEmitter, type EdgeLowering } from "./emitter.ts";
import { keepStates } from "./keep-states.ts";
import { storeChannelsLast } from "./memory-order/store-channels-last.ts";
import { edgeLowerings } from "./ops.ts";
import { edgeSpellings } from "./spell/index.ts";
import { storeInBytes } from "./spell/stored-constants.ts";

/**
 * Lowers a graph whose open sizes have `bounds` to ExecuTorch's Edge dialect: channel-first whatever the graph's own layout is, integer
 * nodes as real ones between quantize and dequantize, everything else in functional core operators. Inputs and outputs keep their layout;
 * what is computed is stored with channels innermost where `storeChannelsLast` says so. What the graph's states feed are buffers.
 * Programs are delegated to `backend`. The graph is not changed. Throws a DiagnosticError that lists all nodes the dialect can't express
 * (`executorch.not-expressible`), or whose element types no kernel takes (`executorch.element-type`), or all states of open sizes
 * (`executorch.open-state`).
 */
export function lowerEdge(
  source: Graph,
  backend: EdgeBackend = npuBackend,
  bounds: SizeBounds = new Map(),
): EdgeProgram {
  const { graph } = cloneGraph(source);
  spell(graph);
  const problems = [...allNodes(graph)].flatMap((node) => edgeProblems(node, bounds));
  if (problems.length > 0) throw new DiagnosticError(problems);
  const emit = new EdgeEmitter(backend, lower);
  const inputs = graph.inputs.map((input) => emit.read(input));
  const outputs: EdgeTensor[] = [];
  const steps = emit.collect(() => outputs.push(...withCopies(emit.body(graph, inputs), inputs, emit)));
  if (emit.problems.length > 0) throw new DiagnosticError(emit.problems);
  return keepStates(storeChannelsLast({ name: graph.name, inputs, states: [], steps, outputs, bounds }), graph);
}

/** Brings a graph and all bodies within it into a form that has a lowering for each node. */
function spell(graph: Graph): void {
  runPasses(graph, [
    ...layoutPasses("first"),
    unfoldQuantizationBut([transpose, reshape]),
    realBiases,
    storeInBytes,
    ...edgeSpellings,
  ]);
  for (const { attributes } of graph.nodes()) for (const [, body] of bodiesOf(attributes)) spell(body);
}

const lower: EdgeLowering = (node, emit, outputs) =>
  (edgeLowerings[node.op.name as OpName] as EdgeLowering)(node, emit, outputs);

/** Outputs that are inputs, parameters or other outputs too are copied: each has memory of its own. */
function withCopies(
  outputs: readonly EdgeTensor[],
  inputs: readonly EdgeTensor[],
  emit: EdgeEmitter,
): readonly EdgeTensor[] {
  const taken = new Set(inputs);
  return outputs.map((output) => {
    if (!taken.has(output) && !output.constant) {
      taken.add(output);
      return output;
    }
    return emit.copy(output);
  });
}
