import type { ExportedProgram, OutputSpec } from "@millrace/formats/pt2";
import type { Graph, State, Value } from "@millrace/ir";
import type { Problems } from "./problems.ts";
import type { StateKeeper } from "./states.ts";
import type { Walker } from "./walker.ts";

interface Output {
  readonly name: string;
  readonly value: Value;
}

/** Sets the graph's outputs to the program's, and then to what its buffers hold for the next run. */
export function setOutputs(
  program: ExportedProgram,
  graph: Graph,
  walker: Walker,
  states: StateKeeper,
  problems: Problems,
): void {
  const outputs = program.signature.outputs.flatMap((spec) => {
    const name = tensorOf(spec, problems);
    return name === undefined ? [] : read(name, name, walker, problems);
  });
  if (outputs.length === 0 && program.signature.outputs.every(({ kind }) => kind !== "userOutput"))
    problems.error("torch.missing-output", "The program gives no tensor.", { hint: "Return the result of forward." });
  const kept: State[] = [];
  const next = [...states.kept].flatMap(([name, { initial }]) => {
    const found = read(`${initial.name}/next`, nextOf(name, program), walker, problems);
    for (const output of found) kept.push(states.stateOf(name, output.name));
    return found;
  });
  const all = [...outputs, ...next];
  graph.setOutputs(
    all.map(({ value }) => value),
    all.map(({ name }) => name),
  );
  graph.states = kept;
}

/** Name of the tensor that holds a buffer's next contents: a result of the program, or the buffer itself where nodes have written to it. */
function nextOf(buffer: string, { signature }: ExportedProgram): string {
  const spec = signature.inputs.find((input) => input.kind === "buffer" && input.value === buffer);
  const target = spec && "target" in spec ? spec.target : undefined;
  const written = signature.outputs.find((output) => output.kind === "bufferMutation" && output.target === target);
  return written && typeof written.value === "string" ? written.value : buffer;
}

function read(name: string, source: string, walker: Walker, problems: Problems): readonly Output[] {
  const place = { label: `The output "${name}"`, at: { value: name } };
  const value = problems.try(place, () => walker.read(source));
  return value ? [{ name, value }] : [];
}

/** The tensor of a user's output; others are no results of a run. */
function tensorOf(spec: OutputSpec, problems: Problems): string | undefined {
  if (spec.kind !== "userOutput") return undefined;
  if (spec.value.kind === "tensor") return spec.value.name;
  if (spec.value.kind !== "none")
    problems.add({
      code: "torch.not-a-tensor",
      severity: "warning",
      message: "The program returns a number beside its tensors; a graph gives tensors only, and leaves it out.",
    });
  return undefined;
}
