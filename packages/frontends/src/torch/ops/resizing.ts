import { elementCount, fromNumbers, type Value } from "@millrace/ir";
import { type AttributeContents, type Call, type Handler, real } from "../call.ts";
import { perAxis } from "./spatial.ts";

/** How PyTorch places the elements of a result, in the words of ONNX's Resize. */
interface Sampling {
  readonly mode: "nearest" | "linear" | "cubic";
  readonly isExact?: boolean;
  readonly antialias?: boolean;
}

const scaleNames = ["scales_d", "scales_h", "scales_w"];

/** Scales are used as they are given, the ratio of the sizes without them; where corners stay corners, scales only say how large the result is. */
function resizing(sampling: Sampling, rank: number): Handler {
  return (call) => {
    const { arguments: given } = call;
    const x = given.tensor(given.given("input") ? "input" : "self");
    const lead = x.type.shape.slice(0, 2);
    const scales = scalesOf(call, rank);
    const attributes = attributesOf(call, sampling);
    const isAligned = attributes.coordinate_transformation_mode === "align_corners";
    if (x.type.shape.length !== rank + 2) return call.invalid(`its data has ${x.type.shape.length} axes`);
    if (scales && scales.length !== rank) return call.invalid(`it has ${scales.length} scales for ${rank} axes`);
    if (scales && !isAligned) {
      const all = call.writer.constant(fromNumbers("f32", [rank + 2], [1, 1, ...scales]));
      return asStated(call, call.onnx("Resize", [x, undefined, all], attributes));
    }
    const sizes = scales ? scaledSizes(call, x, scales) : given.exactly(rank, "output_size");
    if (lead.some((size) => typeof size === "string")) return onSpatialAxes(call, x, sizes, attributes);
    return call.onnx("Resize", [x, undefined, undefined, call.integers([...(lead as number[]), ...sizes])], attributes);
  };
}

/** The result, which must have the size that the node gives beside its scales. */
function asStated(call: Call, result: Value): Value {
  const sizes = call.arguments.has("output_size") ? call.arguments.sizes("output_size") : undefined;
  if (sizes === undefined || sizes.join() === result.type.shape.slice(2).join()) return result;
  return call.unsupported(`its scales give [${result.type.shape.slice(2)}], not [${sizes}]`, "Leave out its scales.");
}

function scaledSizes(call: Call, x: Value, scales: readonly number[]): readonly number[] {
  return x.type.shape.slice(2).map((size, axis) => {
    if (typeof size === "number") return Math.floor(size * scales[axis]);
    return call.unsupported(`the size ${size} it scales is open`, "Give the sizes of the model's inputs.");
  });
}

function onSpatialAxes(call: Call, x: Value, sizes: readonly number[], attributes: AttributeContents): Value {
  const axes = sizes.map((_, axis) => axis + 2);
  return call.onnx("Resize", [x, undefined, undefined, call.integers(sizes)], { ...attributes, axes });
}

function scalesOf(call: Call, rank: number): readonly number[] | undefined {
  const { arguments: given } = call;
  if (given.given("scale_factors"))
    return given.has("scale_factors") ? perAxis(call, "scale_factors", given.reals("scale_factors"), rank) : undefined;
  const names = rank === 1 ? ["scales"] : scaleNames.slice(-rank);
  return names.every((name) => given.given(name) && given.has(name))
    ? names.map((name) => given.real(name))
    : undefined;
}

function attributesOf({ arguments: given }: Call, { mode, isExact, antialias }: Sampling): AttributeContents {
  const nearest = isExact
    ? { coordinate_transformation_mode: "half_pixel", nearest_mode: "round_prefer_ceil" }
    : { coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
  if (mode === "nearest") return { mode, ...nearest };
  const coordinates = given.flag("align_corners") ? "align_corners" : "half_pixel";
  return {
    mode,
    coordinate_transformation_mode: coordinates,
    cubic_coeff_a: real(antialias ? -0.5 : -0.75),
    antialias: Number(antialias ?? false),
    exclude_outside: Number(antialias ?? false),
  };
}

function bothForms(name: string, sampling: Sampling, rank: number): Readonly<Record<string, Handler>> {
  const handler = resizing(sampling, rank);
  return { [`aten.${name}.vec`]: handler, [`aten.${name}.default`]: handler };
}

const interpolations = ["bilinear", "nearest", "bicubic"];
const outsides = ["zeros", "border", "reflection"];

function gridSampling(call: Call): Value {
  const { arguments: given } = call;
  const mode = interpolations[given.integer("interpolation_mode")];
  const words: Readonly<Record<string, string>> = { bilinear: "linear", bicubic: "cubic", nearest: "nearest" };
  return call.onnx("GridSample", [given.tensor("input"), given.tensor("grid")], {
    mode: words[mode] ?? call.invalid("its interpolation_mode is unknown"),
    padding_mode: outsides[given.integer("padding_mode")] ?? call.invalid("its padding_mode is unknown"),
    align_corners: Number(given.flag("align_corners")),
  });
}

/** What a place of a grid takes while it is made, in elements. */
const elementsOfPlace = 32;

function affineGrid(call: Call): Value {
  const { arguments: given } = call;
  const size = given.integers("size");
  call.count(elementsOfPlace * elementCount(size.slice(2)));
  return call.onnx("AffineGrid", [given.tensor("theta"), call.integers(size)], {
    align_corners: Number(given.flag("align_corners")),
  });
}

/** Operators that sample data at other places than its own, by overload. */
export const resizes: Readonly<Record<string, Handler>> = {
  ...bothForms("upsample_nearest1d", { mode: "nearest" }, 1),
  ...bothForms("upsample_nearest2d", { mode: "nearest" }, 2),
  ...bothForms("upsample_nearest3d", { mode: "nearest" }, 3),
  ...bothForms("_upsample_nearest_exact1d", { mode: "nearest", isExact: true }, 1),
  ...bothForms("_upsample_nearest_exact2d", { mode: "nearest", isExact: true }, 2),
  ...bothForms("_upsample_nearest_exact3d", { mode: "nearest", isExact: true }, 3),
  ...bothForms("upsample_linear1d", { mode: "linear" }, 1),
  ...bothForms("upsample_bilinear2d", { mode: "linear" }, 2),
  ...bothForms("upsample_trilinear3d", { mode: "linear" }, 3),
  ...bothForms("upsample_bicubic2d", { mode: "cubic" }, 2),
  ...bothForms("_upsample_bilinear2d_aa", { mode: "linear", antialias: true }, 2),
  ...bothForms("_upsample_bicubic2d_aa", { mode: "cubic", antialias: true }, 2),
  "aten.grid_sampler.default": gridSampling,
  "aten.grid_sampler_2d.default": gridSampling,
  "aten.grid_sampler_3d.default": gridSampling,
  "aten.affine_grid_generator.default": affineGrid,
};
