import { type Alternative, type Chip, errorOf, fitChip } from "./chips.ts";
import { fitLine, type Line, onLine } from "./line.ts";
import { type Measurement, readMeasurements } from "./measurements.ts";
import {
  alternatives,
  chosen,
  explaining,
  leaveOneOut,
  nested,
  type Prediction,
  rival,
  withAllOverheads,
  withOpenWrites,
} from "./selection.ts";
import { chipsOf, nameOf, readSubjects, type Subject } from "./subjects.ts";
import { isDetection, useOf } from "./uses.ts";
import { cyclesOfInference } from "./workload.ts";

/**
 * How a predicted latency came to be: by parameters fitted to this and other figures; to the others; to none of this model on any chip, with
 * the structure chosen again; by parameters that this figure had no part in; by a constant that was solved from this very figure.
 */
export type Basis = "calibrated" | "leave-one-out" | "nested" | "held out" | "derived";

export interface Row {
  readonly name: string;
  readonly measuredMs: number;
  readonly predictedMs: number;
  readonly basis: Basis;
}

/** Relative errors of a chip's latencies under one way of predicting them. */
export interface Errors {
  readonly what: string;
  readonly chip: string;
  readonly mean: number;
  readonly worst: number;
}

/** A published latency that is not compared. */
export interface Unused {
  readonly name: string;
  readonly latencyMs: number;
  readonly reason: string;
}

export interface Validation {
  readonly rows: readonly Row[];
  readonly unused: readonly Unused[];
  /** Of structures, and of ways of choosing one. */
  readonly errors: readonly Errors[];
  /** How many of the structures can be fitted to every figure of the i.MX RT700 within a share of it. */
  readonly explaining: { readonly share: number; readonly structures: number; readonly count: number };
  /** Of the detection networks of the i.MX 95; for each 10⁹ multiplications. */
  readonly line: Line;
}

/** Compares every published latency that can be compared with what compiler and simulator say. */
export function validate(): Validation {
  const measurements = readMeasurements();
  const subjects = readSubjects();
  const { sequencer, driver, cases } = chipsOf(subjects);
  const chips = [sequencer, driver];
  const subjectOf = new Map([...cases].map(([subject, each]) => [each, subject]));
  const predicted = (basis: Basis) => (prediction: Prediction) => {
    const subject = subjectOf.get(prediction.case)!;
    return rowOf(subject, basis, (1 + prediction.error) * subject.measurement.latencyMs);
  };
  const detection = measurements.filter(isDetection);
  const chosenAgain = nested(chips, alternatives);
  return {
    rows: [
      ...subjects.map(simulatedRow),
      ...chips.flatMap((chip) => leaveOneOut(chip, chosen)).map(predicted("leave-one-out")),
      ...chosenAgain.map(predicted("nested")),
      ...detectionRows(detection),
    ],
    unused: measurements.flatMap(unusedRow),
    errors: errorTable(chips, chosenAgain),
    explaining: {
      share: explainedWithin,
      structures: withAllOverheads.length,
      count: explaining(sequencer, withAllOverheads, explainedWithin).length,
    },
    line: fitLine(detection.map(pointOf)),
  };
}

const explainedWithin = 0.05;

function errorTable(chips: readonly Chip[], chosenAgain: readonly Prediction[]): readonly Errors[] {
  const withoutOthers = chips.map((chip) => ({ ...chip, others: [] }));
  return [
    ...structureErrors("as described", chosen, chips),
    ...structureErrors("the rival: rows of 1×1 merged, depthwise slower", rival, chips),
    ...structureErrors("as described, but write-backs not hidden", { ...chosen, hidden: false }, chips),
    ...errorsOf(`nested, among ${alternatives.length} structures`, chosenAgain),
    ...errorsOf("nested, MobileNetV2 never looked at", nested(withoutOthers, alternatives)),
    ...errorsOf("nested, write-backs perhaps not hidden", nested(chips, withOpenWrites)),
    ...errorsOf("nested, who pays for operators and jobs chosen too", nested(chips, withAllOverheads)),
  ];
}

function unusedRow(measurement: Measurement): readonly Unused[] {
  const use = useOf(measurement);
  if (use === undefined || !("unused" in use)) return [];
  return [{ name: nameOf(measurement), latencyMs: measurement.latencyMs, reason: use.unused }];
}

const bases = { fitted: "calibrated", derived: "derived", "held out": "held out" } as const;

function simulatedRow(subject: Subject): Row {
  const { measurement, setup, workload, use } = subject;
  return rowOf(subject, bases[use.role], cyclesOfInference(workload, setup) / (measurement.clockMHz! * 1000));
}

function rowOf({ name, measurement }: Subject, basis: Basis, predictedMs: number): Row {
  return { name, measuredMs: measurement.latencyMs, predictedMs, basis };
}

function pointOf({ macs, latencyMs }: Measurement) {
  return { macs: macs! / 1e9, milliseconds: latencyMs };
}

function detectionRows(measurements: readonly Measurement[]): readonly Row[] {
  return (["calibrated", "leave-one-out"] as const).flatMap((basis) =>
    measurements.map((measurement) => {
      const points = basis === "calibrated" ? measurements : measurements.filter((other) => other !== measurement);
      const predictedMs = onLine(fitLine(points.map(pointOf)), pointOf(measurement).macs);
      return { name: nameOf(measurement), measuredMs: measurement.latencyMs, predictedMs, basis };
    }),
  );
}

/** Errors of the fit and with each latency left out. */
function structureErrors(name: string, alternative: Alternative, chips: readonly Chip[]): readonly Errors[] {
  const fitted = chips.flatMap((chip) => {
    const parameters = fitChip(chip, alternative, chip.cases);
    return chip.cases.map((each) => ({ chip, case: each, error: errorOf(each, chip, alternative, parameters) }));
  });
  const left = chips.flatMap((chip) => leaveOneOut(chip, alternative));
  return [...errorsOf(`${name}, calibrated`, fitted), ...errorsOf(`${name}, leave-one-out`, left)];
}

function errorsOf(what: string, predictions: readonly Prediction[]): readonly Errors[] {
  const names = [...new Set(predictions.map(({ chip }) => chip.machine.name))];
  return names.map((chip) => {
    const errors = predictions.filter((each) => each.chip.machine.name === chip).map(({ error }) => Math.abs(error));
    return {
      what,
      chip,
      mean: errors.reduce((sum, error) => sum + error, 0) / errors.length,
      worst: Math.max(...errors),
    };
  });
}
