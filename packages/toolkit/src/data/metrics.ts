import { numbersOf, type Tensor } from "@millrace/ir";
import type { Inference } from "./dataset.ts";
import type { MetricName } from "./description.ts";
import { DatasetError } from "./error.ts";
import { areaUnderCurve, cosineSimilarity, meanSquaredError } from "./measures.ts";

/** Real outputs of one inference by name, in the model's order; metrics of one output take the first. */
export type Outputs = ReadonlyMap<string, Tensor>;

/** A sample that was run: one entry per inference in each list. */
export interface Observation {
  readonly label?: number | undefined;
  readonly inputs: readonly Inference[];
  readonly outputs: readonly Outputs[];
  /** What another model gave for the same inferences. */
  readonly reference?: readonly Outputs[] | undefined;
}

export interface Score {
  /** NaN where the samples do not determine it: none at all, or a single class for an area under the curve. */
  readonly value: number;
  readonly samples: number;
}

export interface Accumulator {
  /** Throws `data.no-labels`, `data.no-reference`, `data.label-range` or `data.metric-shape` for what the metric can't use. */
  add(observation: Observation): void;
  result(): Score;
}

export interface Metric {
  readonly name: MetricName;
  readonly needsLabels: boolean;
  /** Whether a label is the index of one of a model's scores. */
  readonly labelsAreClasses: boolean;
  /** Compares outputs with another model's. */
  readonly needsReference: boolean;
  readonly higherIsBetter: boolean;
  create(): Accumulator;
}

/** Every metric by the name that DATA gives it. */
export const metrics: Readonly<Record<MetricName, Metric>> = {
  top1: labelled("top1", (observation) => isAmongBest(observation, 1)),
  top5: labelled("top5", (observation) => isAmongBest(observation, 5)),
  "auc-reconstruction": {
    name: "auc-reconstruction",
    needsLabels: true,
    labelsAreClasses: false,
    needsReference: false,
    higherIsBetter: true,
    create: () => {
      const scores: number[] = [];
      const anomalies: boolean[] = [];
      return {
        add(observation) {
          anomalies.push(labelOf(observation) === 1);
          scores.push(reconstructionError(observation));
        },
        result: () => ({ value: areaUnderCurve(scores, anomalies), samples: scores.length }),
      };
    },
  },
  cosine: compared("cosine", true, cosineSimilarity),
  mse: compared("mse", false, meanSquaredError),
};

/** The mean over samples of a number that needs their label. */
function labelled(name: MetricName, measure: (observation: Observation) => number): Metric {
  return {
    name,
    needsLabels: true,
    labelsAreClasses: true,
    needsReference: false,
    higherIsBetter: true,
    create: () => meanOf(measure),
  };
}

/** The mean over samples of a number that compares all outputs of all inferences, as one vector, with the reference's. */
function compared(
  name: MetricName,
  higherIsBetter: boolean,
  measure: (ours: ArrayLike<number>, theirs: ArrayLike<number>) => number,
): Metric {
  const create = () =>
    meanOf(({ outputs, reference }) => {
      if (reference === undefined)
        throw unusable(
          "data.no-reference",
          `The metric ${name} compares with another model`,
          "Name the model to compare with.",
        );
      return measure(joined(outputs), joined(reference));
    });
  return { name, needsLabels: false, labelsAreClasses: false, needsReference: true, higherIsBetter, create };
}

function meanOf(measure: (observation: Observation) => number): Accumulator {
  let sum = 0;
  let samples = 0;
  return {
    add(observation) {
      sum += measure(observation);
      samples++;
    },
    result: () => ({ value: sum / samples, samples }),
  };
}

/** 1 if fewer than `places` classes come before the label; equal scores rank by class index. Scores are means over the inferences. */
function isAmongBest(observation: Observation, places: number): number {
  const scores = observation.outputs.map((outputs) => first(outputs, "output"));
  const label = labelOf(observation);
  const classes = scores[0].length;
  if (label < 0 || label >= classes) {
    throw unusable(
      "data.label-range",
      `A label is ${label} and the model has ${classes} classes`,
      "Use labels that count the model's classes from 0.",
    );
  }
  const total = (index: number) => scores.reduce((sum, list) => sum + list[index], 0);
  const own = total(label);
  let before = 0;
  for (let index = 0; index < classes; index++) {
    const score = total(index);
    if (score > own || (score === own && index < label)) before++;
  }
  return before < places && !Number.isNaN(own) ? 1 : 0;
}

/** The mean over inferences of the mean squared difference between the first input and the first output. */
function reconstructionError({ inputs, outputs }: Observation): number {
  const errors = outputs.map((output, index) =>
    meanSquaredError(first(inputs[index], "input"), first(output, "output")),
  );
  return errors.reduce((sum, error) => sum + error, 0) / errors.length;
}

function labelOf({ label }: Observation): number {
  if (label !== undefined) return label;
  throw unusable(
    "data.no-labels",
    "The metric needs labels and a sample has none",
    "Add labels to the data, or choose the metric cosine or mse.",
  );
}

function first(tensors: ReadonlyMap<string, Tensor>, what: string): ArrayLike<number> {
  const [tensor] = tensors.values();
  if (tensor === undefined)
    throw unusable("data.metric-shape", `An inference has no ${what}`, "Check the model's inputs and outputs.");
  return numbersOf(tensor);
}

function joined(inferences: readonly Outputs[]): ArrayLike<number> {
  const parts = inferences.flatMap((outputs) => [...outputs.values()].map(numbersOf));
  if (parts.length === 1) return parts[0];
  const whole = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

function unusable(code: string, message: string, hint: string): DatasetError {
  return new DatasetError(code, message, { hint });
}
