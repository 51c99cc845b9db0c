import { calibration } from "@millrace/npu";
import { type Alternative, type Case, type Chip, errorOf, fitChip, misfit } from "./chips.ts";
import { depthwiseCycles, type Parameters } from "./closed-form.ts";

/** The structure that the machines' descriptions have. */
export const chosen: Alternative = {
  mergedRows: false,
  depthwise: "one product",
  packed: true,
  hidden: true,
  writeBack: calibration.array.writeBack.value,
  overheads: "by mode",
  memoryPort: 8,
};

/** Another one that explains the i.MX RT700: rows merged, depthwise convolutions slower, and jobs that cost time too. */
export const rival: Alternative = {
  ...chosen,
  mergedRows: true,
  depthwise: "two products in three cycles",
  writeBack: 0,
  overheads: "both",
};

const writeBacks = [0, 0.5, 1, 1.5, 2, 3, 4];

/** Every alternative in which write-backs are hidden and overheads are as the way of starting work suggests. */
export const alternatives: readonly Alternative[] = [false, true].flatMap((mergedRows) =>
  (Object.keys(depthwiseCycles) as Alternative["depthwise"][]).flatMap((depthwise) =>
    [true, false].flatMap((packed) =>
      writeBacks.flatMap((writeBack) =>
        ([8, 16] as const).map((memoryPort) => ({ ...chosen, mergedRows, depthwise, packed, writeBack, memoryPort })),
      ),
    ),
  ),
);

/** The same, and those in which write-backs are not hidden. */
export const withOpenWrites = alternatives.flatMap((each) => [each, { ...each, hidden: false }]);

/** The same as `alternatives`, and those in which operators and jobs cost time on both chips. */
export const withAllOverheads = alternatives.flatMap((each) => [each, { ...each, overheads: "both" as const }]);

/** A latency that was predicted without its model. */
export interface Prediction {
  readonly chip: Chip;
  readonly case: Case;
  readonly error: number;
}

/** Each latency by the parameters that all others of its chip give. */
export function leaveOneOut(chip: Chip, alternative: Alternative): readonly Prediction[] {
  return chip.cases.map((each) => {
    const rest = chip.cases.filter((other) => other !== each);
    return { chip, case: each, error: errorOf(each, chip, alternative, fitChip(chip, alternative, rest)) };
  });
}

/** The alternative that explains latencies of all chips best, with each chip's parameters; without those of a model if one is named. */
export function select(chips: readonly Chip[], family: readonly Alternative[], without?: string): Selection {
  const remaining = (cases: readonly Case[]) => cases.filter(({ model }) => model !== without);
  const total = (alternative: Alternative) =>
    chips.reduce((sum, chip) => sum + misfit(chip, alternative, remaining(chip.cases), remaining(chip.others)), 0);
  const misfits = family.map(total);
  const alternative = family[misfits.indexOf(Math.min(...misfits))];
  const parameters = chips.map((chip) => fitChip(chip, alternative, remaining(chip.cases)));
  return { alternative, parameters: new Map(chips.map((chip, index) => [chip, parameters[index]])) };
}

export interface Selection {
  readonly alternative: Alternative;
  readonly parameters: ReadonlyMap<Chip, Parameters>;
}

/** Those alternatives with which no latency of a chip is off by more than a share of it. */
export function explaining(chip: Chip, family: readonly Alternative[], share: number): readonly Alternative[] {
  return family.filter((alternative) => {
    const parameters = fitChip(chip, alternative, chip.cases);
    return [...chip.cases, ...chip.others].every(
      (each) => Math.abs(errorOf(each, chip, alternative, parameters)) <= share,
    );
  });
}

/** Each latency by the alternative and the parameters that are chosen without its model on any chip. */
export function nested(chips: readonly Chip[], family: readonly Alternative[]): readonly Prediction[] {
  const all = chips.flatMap((chip) => [...chip.cases, ...chip.others].map((each) => ({ chip, each })));
  const models = [...new Set(all.map(({ each }) => each.model))];
  return models.flatMap((model) => {
    const { alternative, parameters } = select(chips, family, model);
    return all
      .filter(({ each }) => each.model === model)
      .map(({ chip, each }) => ({
        chip,
        case: each,
        error: errorOf(each, chip, alternative, parameters.get(chip)!),
      }));
  });
}
