/** How one axis is resized: its sizes, and the scale the source computes with, which may differ from their ratio. */
export interface Sampling {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
  /** The part of the axis that the result shows, from 0 for its first element to 1 for its last. */
  readonly region: readonly [number, number];
}

/** Where position `at` of the result lies on the axis, in elements from the first. */
export type Place = (at: number, sampling: Sampling) => number;

/** ONNX's coordinate transformations. */
export const places: ReadonlyMap<string, Place> = new Map([
  ["half_pixel", (at, { scale }) => (at + 0.5) / scale - 0.5],
  [
    "half_pixel_symmetric",
    (at, { from, to, scale }) => (from / 2) * (1 - to / (scale * from)) + (at + 0.5) / scale - 0.5,
  ],
  ["pytorch_half_pixel", (at, { to, scale }) => (to > 1 ? (at + 0.5) / scale - 0.5 : 0)],
  ["tf_half_pixel_for_nn", (at, { scale }) => (at + 0.5) / scale],
  ["align_corners", (at, { from, scale }) => (scale * from === 1 ? 0 : (at * (from - 1)) / (scale * from - 1))],
  ["asymmetric", (at, { scale }) => at / scale],
  [
    "tf_crop_and_resize",
    (at, { from, scale, region: [start, end] }) => {
      const share = scale * from === 1 ? 0.5 : at / (scale * from - 1);
      return (start + share * (end - start)) * (from - 1);
    },
  ],
] satisfies [string, Place][]);

/** The graph's coordinates. */
const coordinates = {
  halfPixel: (at, { from, to }) => ((at + 0.5) * from) / to - 0.5,
  alignCorners: (at, { from, to }) => (to === 1 ? 0 : (at * (from - 1)) / (to - 1)),
  asymmetric: (at, { from, to }) => (at * from) / to,
} as const satisfies Record<string, Place>;

/** Ways to choose the nearest element, by the names of the graph. */
export const roundings = {
  floor: Math.floor,
  ceil: Math.ceil,
  roundPreferFloor: (x: number) => Math.ceil(x - 0.5),
  roundPreferCeil: (x: number) => Math.floor(x + 0.5),
} as const;

type Coordinates = keyof typeof coordinates;
export type Rounding = keyof typeof roundings;

/** The graph's ways to take the nearest element, those that targets have first. */
const nearestChoices: readonly (readonly [Coordinates, Rounding])[] = [
  ["asymmetric", "floor"],
  ["halfPixel", "roundPreferCeil"],
  ["alignCorners", "roundPreferCeil"],
  ...(["asymmetric", "halfPixel", "alignCorners"] as const).flatMap((kind) =>
    (["roundPreferFloor", "roundPreferCeil", "floor", "ceil"] as const).map((rounding) => [kind, rounding] as const),
  ),
];

/** Difference of two places that changes no result noticeably: float32 scales are that exact. */
const tolerance = 1e-4;

/** The coordinates and rounding of the graph that take the same elements as the source does on every axis, if there are any. */
export function nearestLike(
  place: Place,
  rounding: Rounding,
  axes: readonly Sampling[],
): readonly [Coordinates, Rounding] | undefined {
  const element = (choice: Place, round: Rounding, at: number, axis: Sampling) =>
    clamped(roundings[round](Math.fround(choice(at, axis))), axis);
  return nearestChoices.find(([kind, choice]) =>
    everyPosition(
      axes,
      (at, axis) => element(coordinates[kind], choice, at, axis) === element(place, rounding, at, axis),
    ),
  );
}

/** The coordinates of the graph that place every position where the source does, if there are any. */
export function linearLike(place: Place, axes: readonly Sampling[]): Coordinates | undefined {
  return (["halfPixel", "alignCorners", "asymmetric"] as const).find((kind) =>
    everyPosition(
      axes,
      (at, axis) => Math.abs(clamped(coordinates[kind](at, axis), axis) - clamped(place(at, axis), axis)) < tolerance,
    ),
  );
}

function everyPosition(axes: readonly Sampling[], holds: (at: number, axis: Sampling) => boolean): boolean {
  return axes.every((axis) => {
    for (let at = 0; at < axis.to; at++) if (!holds(at, axis)) return false;
    return true;
  });
}

export function clamped(place: number, { from }: Sampling): number {
  return Math.min(from - 1, Math.max(0, place));
}
