import type { Attributes, Tensor } from "@millrace/ir";
import { type ScanAttributes, scanSteps } from "@millrace/ops";

/** Runs one of a node's bodies, by the name of its attribute, on inputs in the body's order. */
export type RunBody = (name: string, inputs: readonly Tensor[]) => Promise<readonly Tensor[]>;

/** Computes a node by running its bodies, whatever types the values have. */
export interface ControlFlow {
  control(inputs: readonly Tensor[], run: RunBody, attributes: Attributes): Promise<readonly Tensor[]>;
}

/** One of two bodies. */
export const branching: ControlFlow = {
  control: ([condition, ...values], run) => run(condition.data[0] ? "whenTrue" : "whenFalse", values),
};

/** A body again and again, until its condition fails or the run is stopped. */
export const looping: ControlFlow = {
  async control(values, run) {
    let current = values;
    while ((await run("condition", current))[0].data[0]) current = await run("body", current);
    return current;
  },
};

/** A body for each step of sequences. */
export const scanning: ControlFlow = {
  async control(values, run, attributes) {
    const steps = scanSteps(values, attributes as Attributes & ScanAttributes);
    let step = steps.next([]);
    while (!step.done) step = steps.next(await run("body", step.value));
    return step.value;
  },
};
