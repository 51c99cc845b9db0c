import { calibration } from "@millrace/npu";
import { beforeAll, describe, expect, test } from "vitest";
import { cifarNet, dsCnnSmall, fomo, mobileNetV1 } from "./architectures.ts";
import { cyclesOf, termsOf } from "./closed-form.ts";
import { fittedNumbers } from "./fitted.ts";
import { hasMeasurements, readMeasurements } from "./measurements.ts";
import { alternatives, chosen, leaveOneOut, nested, type Prediction, select } from "./selection.ts";
import { chipsOf, readSubjects, type Subject } from "./subjects.ts";
import { isDetection, useOf } from "./uses.ts";
import { cyclesOfInference } from "./workload.ts";

describe("networks that are built from what is published", () => {
  test.each([
    ["DS-CNN-S", dsCnnSmall, 2_656_768],
    ["CifarNet", cifarNet, 12_298_240],
    ["MobileNetV1-0.25-128", () => mobileNetV1(0.25, 128), 13_570_304],
    ["MobileNetV1-1.0-224", () => mobileNetV1(1, 224), 568_741_376],
    ["FOMO 64 × 64", () => fomo(0.35, 64, 4), 2_612_224],
    ["FOMO 72 × 72", () => fomo(0.35, 72, 2), 3_306_096],
  ])("%s has as many multiplications as are published", (_, create, macs) => {
    const nodes = [...create().nodes()];
    const counted = nodes.reduce(
      (sum, { op, inputs, outputs, attributes }) => sum + Number(op.cost(inputs, outputs, attributes).macs),
      0,
    );
    expect(counted).toBe(macs);
  });
});

const title = hasMeasurements
  ? "published latencies"
  : "published latencies (skipped: needs ../shared/fixtures/latencies.json)";

describe.skipIf(!hasMeasurements)(title, () => {
  let subjects: readonly Subject[] = [];
  let chips = chipsOf(subjects);
  beforeAll(() => {
    subjects = readSubjects();
    chips = chipsOf(subjects);
  });

  const errorsOf = (setup: string) =>
    subjects
      .filter(({ use }) => use.setup === setup)
      .map(({ workload, measurement, ...subject }) => {
        const ms = cyclesOfInference(workload, subject.setup) / (measurement.clockMHz! * 1000);
        return Math.abs(ms / measurement.latencyMs - 1);
      });
  const statistics = (predictions: readonly Prediction[], machine: string) => {
    const errors = predictions.filter(({ chip }) => chip.machine.name === machine).map(({ error }) => Math.abs(error));
    return { mean: errors.reduce((sum, error) => sum + error, 0) / errors.length, worst: Math.max(...errors) };
  };

  test("are each compared, or not for a reason", () => {
    for (const measurement of readMeasurements())
      expect(useOf(measurement) !== undefined || isDetection(measurement), measurement.model).toBe(true);
  });

  test.each([
    ["sequencer", 4, 0.02],
    ["sequencerStored", 1, 0.03],
    ["portableInput", 1, 0.001],
    ["optimizedInput", 1, 0.001],
    ["driverRealInput", 2, 0.02],
    ["processor", 5, 0.1],
  ])("are met by the simulator: %s, %i figures within %d", (setup, count, bound) => {
    const errors = errorsOf(setup);
    expect(errors).toHaveLength(count);
    expect(Math.max(...errors)).toBeLessThan(bound);
  });

  test("are what the machines' numbers are fitted to", () => {
    for (const [machine, numbers] of Object.entries(fittedNumbers(subjects)))
      for (const [name, value] of Object.entries(numbers)) {
        const stored = (calibration[machine as keyof typeof calibration] as Record<string, { value: number }>)[name];
        expect(stored.value / value, `${machine} ${name}`).toBeCloseTo(1, 2);
      }
  });

  test("are explained best by the structure that the machines have", () => {
    expect(select([chips.sequencer, chips.driver], alternatives).alternative).toEqual(chosen);
  });

  test("are predicted from the others of their chip", () => {
    const { sequencer, driver } = chips;
    const left = [sequencer, driver].flatMap((chip) => leaveOneOut(chip, chosen));
    expect(statistics(left, "imxrt700").worst).toBeLessThan(0.02);
    expect(statistics(left, "mcxn94x").mean).toBeLessThan(0.05);
    expect(statistics(left, "mcxn94x").worst).toBeLessThan(0.08);
  });

  test("are predicted with the structure chosen again without their model", () => {
    const predictions = nested([chips.sequencer, chips.driver], alternatives);
    for (const machine of ["imxrt700", "mcxn94x"]) {
      const { mean, worst } = statistics(predictions, machine);
      expect(mean).toBeLessThan(0.06);
      expect(worst).toBeLessThan(0.1);
    }
  });

  test("have a closed form that agrees with the simulator where nothing overlaps", () => {
    for (const { setup, workload, name } of subjects.filter(({ setup }) => setup.mode !== undefined)) {
      const { machine, mode } = setup;
      const parameters = { ...machine.modes[mode!], weightPort: machine.ports.weights };
      const cycles = cyclesOf(termsOf(workload.commands, machine, chosen), chosen, parameters);
      const copies = workload.copiedBytes / machine.storage.copyBytesPerCycle;
      expect(workload.simulatedCycles / (cycles + copies), name).toBeCloseTo(1, 4);
    }
  });
});
