import { numbersOf, type Tensor } from "@millrace/ir";
import type { Dataset } from "./dataset.ts";
import { DatasetError } from "./error.ts";

const greatest = 2 ** 31 - 1;

/** Labels of a csv column. Throws `data.bad-label` with the row of the file for anything but an integer. */
export function textLabels(fields: readonly string[], file: string): Int32Array {
  return Int32Array.from(fields, (field, index) => {
    const label = /^\s*-?\d+\s*$/.test(field) ? Number(field) : Number.NaN;
    return checked(label, JSON.stringify(field.slice(0, 64)), `${file} row ${index + 2}`);
  });
}

/** Labels of a one-dimensional array. Throws `data.bad-label` with the index for a value that is no integer. */
export function arrayLabels(array: Tensor, file: string): Int32Array {
  if (array.shape.filter((size) => size !== 1).length > 1) {
    throw new DatasetError(
      "data.bad-label",
      `${file} holds labels of shape [${array.shape.join(", ")}], which must be one number per sample`,
      {
        hint: "Store class indices, not one-hot rows.",
        where: file,
      },
    );
  }
  return Int32Array.from(numbersOf(array), (label, index) => checked(label, String(label), `${file} index ${index}`));
}

/** Throws `data.label-range`, with the first of them, if labels of test samples are not indices of `classes` classes. */
export function requireClasses(labels: ArrayLike<number>, classes: number, data: Dataset): void {
  const wrong = data.split.test.filter((sample) => labels[sample] < 0 || labels[sample] >= classes);
  if (wrong.length === 0) return;
  const [first] = wrong;
  const file = data.description.labels?.file;
  const others = wrong.length === 1 ? "" : `, and so are those of ${wrong.length - 1} more samples`;
  const from = file === undefined ? "" : ` by ${file}`;
  const message = `The label of ${data.sampleName(first)} is ${labels[first]}${from}, out of the range of the model's ${classes} classes${others}`;
  throw new DatasetError("data.label-range", message, {
    hint: `Use labels from 0 to ${classes - 1}, which count the model's classes; see whether the model has a class for the background.`,
    ...(file !== undefined && { where: file }),
  });
}

function checked(label: number, shown: string, where: string): number {
  if (Number.isInteger(label) && Math.abs(label) <= greatest) return label;
  throw new DatasetError("data.bad-label", `The label at ${where} is ${shown} and must be an integer`, {
    hint: "Labels are class indices from 0; for auc-reconstruction 1 is an anomaly and 0 is not.",
    where,
  });
}
