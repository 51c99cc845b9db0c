import { elementCount } from "@millrace/ir";
import type { InputDescription, LabelsDescription, SplitDescription } from "./description.ts";
import { isSafeName } from "./files.ts";
import { channelAxis } from "./stored.ts";

/** What must hold, as the message when it does not, and whether it does. */
type Rule<T> = readonly [message: string, holds: (value: T) => boolean];

const greatestSample = 2 ** 31;

export const inputRules: readonly Rule<InputDescription>[] = [
  [
    "must name files inside the dataset's folder",
    ({ file, files }) => isSafeName(file) && isSafeName(files?.from ?? "."),
  ],
  [
    'must name a .npy, .npz, .bin or .bin.gz file, or have "dtype": "image" for a folder of images',
    ({ file, dtype }) => dtype === "image" || /\.(npy|npz|bin|bin\.gz)$/.test(file),
  ],
  [
    "needs dtype and shape, which a raw .bin file does not tell",
    ({ file, dtype, shape }) =>
      dtype === "image" || !/\.bin(\.gz)?$/.test(file) || (dtype !== undefined && shape !== undefined),
  ],
  [
    "is of images and needs a shape of height, width and 1 or 3 channels in the order of its layout",
    ({ dtype, shape, layout }) =>
      dtype !== "image" || (shape?.length === 3 && [1, 3].includes(shape[channelAxis(3, layout)])),
  ],
  ['has "files", which only dtype "image" may have', ({ dtype, files }) => dtype === "image" || files === undefined],
  ["has a shape of more than 2^31 elements", ({ shape }) => elementCount(shape ?? []) <= greatestSample],
  [
    "has a layout and needs a shape of 3 dimensions",
    ({ layout, shape }) => layout === undefined || (shape?.length ?? 3) === 3,
  ],
  ["has a scale of 0", ({ scale }) => scale !== 0],
  ["has a std of 0", ({ std }) => ![std].flat().includes(0)],
  [
    "has scale or zeroPoint beside mean or std: use one pair",
    ({ scale, zeroPoint, mean, std }) => (scale ?? zeroPoint) === undefined || (mean ?? std) === undefined,
  ],
  [
    "needs one mean and std for all channels or one per channel",
    ({ mean, std, shape, layout }) =>
      shape === undefined ||
      [mean, std].every(
        (list) => !Array.isArray(list) || [1, shape[channelAxis(shape.length, layout)]].includes(list.length),
      ),
  ],
  [
    "has a window that does not fit its shape",
    ({ window, shape }) => window === undefined || shape === undefined || window.size <= (shape[window.axis] ?? 0),
  ],
];

export const labelRules: readonly Rule<LabelsDescription>[] = [
  [
    "must name a .csv, .npy or .npz file inside the dataset's folder",
    ({ file }) => isSafeName(file) && /\.(csv|npy|npz)$/.test(file),
  ],
  [
    "needs a column: the header name in a .csv, the array's name in an .npz",
    ({ file, column }) => file.endsWith(".npy") || column !== undefined,
  ],
];

export const splitRules: readonly Rule<SplitDescription>[] = [
  [
    "has a calibration offset that is not below every",
    ({ calibration }) => typeof calibration !== "object" || (calibration.offset ?? 0) < calibration.every,
  ],
];
