import { fail } from "@millrace/ir";
import { type Machine, machineProblems, type OuterMemory } from "@millrace/npu";
import { finite, object, optional, type Problem, record, required, text, truth } from "../data/validate.ts";

const machine = object<Machine>({
  name: required(text),
  title: required(text),
  basis: required(text),
  clockMHz: required(finite),
  array: required(
    object<Machine["array"]>({
      pipelines: required(finite),
      lanes: required(finite),
      depthwiseLanes: required(finite),
      wordLanes: required(finite),
      comparisons: required(finite),
      cores: required(finite),
    }),
  ),
  features: required(
    object<Machine["features"]>({
      activation: required(truth),
      tables: required(truth),
      pooling: required(truth),
      conversion: required(truth),
      cacheBytes: required(finite),
      decompression: required(truth),
    }),
  ),
  ports: required(object<Machine["ports"]>({ weights: required(finite), data: required(finite) })),
  modes: required(
    record(
      object<Machine["modes"][string]>({
        operator: required(finite),
        job: required(finite),
        writeBack: required(finite),
      }),
    ),
  ),
  memory: required(
    object<Machine["memory"]>({ bytes: required(finite), alignment: required(finite), banks: required(finite) }),
  ),
  outer: optional(
    object<OuterMemory>({
      bytes: required(finite),
      readBytesPerCycle: required(finite),
      writeBytesPerCycle: required(finite),
      start: required(finite),
      channels: required(finite),
      strided: required(truth),
    }),
  ),
  storage: required(
    object<Machine["storage"]>({
      copyBytesPerCycle: required(finite),
      overlaps: required(truth),
      direct: required(truth),
    }),
  ),
  processor: required(
    object<Machine["processor"]>({
      name: required(text),
      product: required(finite),
      depthwiseProduct: required(finite),
      element: required(finite),
      softmaxElement: required(finite),
      quantizeElement: required(finite),
      portableQuantizeElement: optional(finite),
      optimizedQuantizeElement: optional(finite),
      realProduct: required(finite),
      converts: optional(truth),
    }),
  ),
});

/** The machine that a parsed description holds. Unknown keys are errors. Throws `machine.bad`, whose message lists every problem. */
export function parseMachine(json: unknown): Machine {
  const problems: Problem[] = [];
  const parsed = machine(json, "", problems);
  const shown = problems.map(({ at, message }) => `${at || "the document"} ${message}`);
  const all = parsed && shown.length === 0 ? machineProblems(parsed) : shown;
  if (parsed && all.length === 0) return parsed;
  return fail("machine.bad", `the description of the machine has a problem: ${all.slice(0, 20).join("; ")}`, {
    hint: "correct the named keys; millrace targets --json prints machines to start from",
  });
}
