import { processorCycles } from "@millrace/npu";
import { fitChip } from "./chips.ts";
import { cyclesOf, type Parameters, termsOf } from "./closed-form.ts";
import { type NetworkName, networkOf } from "./networks.ts";
import { chosen } from "./selection.ts";
import type { SetupName } from "./setups.ts";
import { chipsOf, measuredCycles, type Subject } from "./subjects.ts";

/** Every number of the machines that the published latencies give, by the names of their calibration. */
export function fittedNumbers(subjects: readonly Subject[]) {
  const { sequencer, driver } = chipsOf(subjects);
  const parameters = fitChip(sequencer, chosen, sequencer.cases);
  const { job, weightPort } = fitChip(driver, chosen, driver.cases);
  const { driverJob, softmaxElement, copy } = driverNumbers(subjects, parameters);
  const inputElement = (setup: SetupName) => {
    const [subject] = find(subjects, "mobileNetV2", setup);
    const { copiedBytes, processorCycles: others, inputElements } = subject.workload;
    return (remaining(subject, parameters) - others - copiedBytes / copy) / inputElements;
  };
  return {
    imxrt700: { operator: parameters.operator, driverJob, copy },
    mcxn94x: { job, weightPort },
    cortexM33: {
      softmaxElement,
      portableQuantizeElement: inputElement("portableInput"),
      optimizedQuantizeElement: inputElement("optimizedInput"),
      realProduct: realProductOf(find(subjects, "mobileNetV2Real", "processor")[0]),
    },
  };
}

/** What the demonstrations on the i.MX RT700 give, in which the processor starts jobs: each one number, given the others. */
function driverNumbers(subjects: readonly Subject[], parameters: Parameters) {
  const [classes] = find(subjects, "mobileNetV1Small", "driver");
  const softmaxElementAt = (job: number) =>
    remaining(classes, { ...parameters, job }) / classes.workload.softmaxElements;
  const keywords = find(subjects, "dsCnnSmall", "driverRealInput");
  const driverJob = rootOf(0, 200, (job) =>
    keywords.reduce((sum, subject) => {
      const { inputElements, softmaxElements } = subject.workload;
      const processor = inputElements * subject.setup.inputElement + softmaxElements * softmaxElementAt(job);
      return sum + processor - remaining(subject, { ...parameters, job });
    }, 0),
  );
  const softmaxElement = softmaxElementAt(driverJob);
  const [stored] = find(subjects, "mobileNetV1", "driverStored");
  const { copiedBytes, softmaxElements } = stored.workload;
  const copying = remaining(stored, { ...parameters, job: driverJob }) - softmaxElements * softmaxElement;
  return { driverJob, softmaxElement, copy: copiedBytes / copying };
}

function find(subjects: readonly Subject[], network: NetworkName, setup: SetupName): readonly Subject[] {
  return subjects.filter(({ use }) => use.network === network && use.setup === setup);
}

/** Cycles that were measured beyond those of the array. */
function remaining({ measurement, workload, setup }: Subject, parameters: Parameters): number {
  const terms = termsOf(workload.commands, setup.machine, chosen);
  return measuredCycles(measurement) - cyclesOf(terms, chosen, parameters);
}

/** Cycles for each multiplication in float32 with which a float network takes as long as measured. */
function realProductOf({ measurement, use, setup }: Subject): number {
  const nodes = [...networkOf(use.network).nodes()];
  const cycles = (realProduct: number) =>
    nodes.reduce((sum, node) => sum + processorCycles(node, { ...setup.machine.processor, realProduct }), 0);
  return (measuredCycles(measurement) - cycles(0)) / (cycles(1) - cycles(0));
}

/** Where a function that rises is 0. */
function rootOf(from: number, to: number, at: (x: number) => number): number {
  let [low, high] = [from, to];
  for (let round = 0; round < 40; round++) {
    const middle = (low + high) / 2;
    if (at(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
