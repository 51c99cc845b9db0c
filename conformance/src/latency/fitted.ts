import { processorCycles } from "@millrace/npu";
import { fitChip } from "./chips.ts";
import { cyclesOf, termsOf } from "./closed-form.ts";
import { networkOf } from "./networks.ts";
import { chosen } from "./selection.ts";
import { chipsOf, measuredCycles, type Subject } from "./subjects.ts";

/** Every calibrated number of the machines, fitted to the published latencies. */
export function fittedNumbers(subjects: readonly Subject[]) {
  const { sequencer, driver } = chipsOf(subjects);
  const { operator, writeBack, weightPort } = fitChip(sequencer, chosen, sequencer.cases);
  const flash = fitChip(driver, chosen, driver.cases);
  const arrayCycles = ({ workload, setup }: Subject, job: number) => {
    const terms = termsOf(workload.commands, setup.machine, chosen);
    return cyclesOf(terms, chosen, { operator, job, writeBack, weightPort });
  };
  const find = (network: string, setup: string) =>
    subjects.filter(({ use }) => use.network === network && use.setup === setup);
  const [classes] = find("mobileNetV1Small", "driver");
  const softmaxElement = (job: number) =>
    (measuredCycles(classes.measurement) - arrayCycles(classes, job)) / classes.workload.softmaxElements;
  const keywords = find("dsCnnSmall", "driverRealInput");
  const driverJob = rootOf(
    0,
    200,
    (job) =>
      keywords.reduce((sum, subject) => sum + arrayCycles(subject, job) + around(subject, softmaxElement(job)), 0) -
      keywords.reduce((sum, { measurement }) => sum + measuredCycles(measurement), 0),
  );
  const [stored] = find("mobileNetV1", "driverStored");
  const waiting =
    measuredCycles(stored.measurement) -
    arrayCycles(stored, driverJob) -
    stored.workload.softmaxElements * softmaxElement(driverJob);
  const copy = stored.workload.copiedBytes / waiting;
  const inputElement = (setup: string) => {
    const [subject] = find("mobileNetV2", setup);
    const { copiedBytes, processorCycles: others, inputElements } = subject.workload;
    return (
      (measuredCycles(subject.measurement) - arrayCycles(subject, 0) - others - copiedBytes / copy) / inputElements
    );
  };
  return {
    imxrt700: { operator, driverJob, copy },
    mcxn94x: { job: flash.job, weightPort: flash.weightPort },
    cortexM33: {
      softmaxElement: softmaxElement(driverJob),
      portableQuantizeElement: inputElement("portableInput"),
      optimizedQuantizeElement: inputElement("optimizedInput"),
      realProduct: realProductOf(find("mobileNetV2Real", "processor")[0]),
    },
  };
}

/** Cycles of the processor before and behind the array. */
function around({ workload, setup }: Subject, softmaxElement: number): number {
  return workload.inputElements * setup.inputElement + workload.softmaxElements * softmaxElement;
}

/** Cycles for each multiplication in float32 with which a float network takes as long as measured. */
function realProductOf({ measurement, use, setup }: Subject): number {
  const cycles = (realProduct: number) =>
    [...networkOf(use.network).nodes()].reduce(
      (sum, node) => sum + processorCycles(node, { ...setup.machine.processor, realProduct }),
      0,
    );
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
