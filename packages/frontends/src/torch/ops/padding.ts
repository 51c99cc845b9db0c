import type { Value } from "@millrace/ir";
import { type Continuation, continued } from "../../onnx/ops/padding.ts";
import type { Call, Handler } from "../call.ts";

const modes: ReadonlyMap<string, Continuation> = new Map([
  ["constant", "constant"],
  ["reflect", "reflect"],
  ["replicate", "edge"],
  ["circular", "wrap"],
]);
/** The order of PyTorch's numbers for them. */
const modeNames = [...modes.keys()];

/** Pairs of counts before and after an axis, of the last axis first. */
function padded(call: Call, pads: readonly number[], mode: string, value = 0): Value {
  const x = call.arguments.tensor("self");
  const rank = x.type.shape.length;
  const continuation = modes.get(mode) ?? call.invalid(`its mode is ${mode}`);
  if (pads.length % 2 !== 0 || pads.length > 2 * rank)
    return call.invalid(`it has ${pads.length} paddings for ${rank} axes`);
  const counts = (side: 0 | 1) => x.type.shape.map((_, axis) => pads[2 * (rank - 1 - axis) + side] ?? 0);
  return continued(call.writer, x, counts(0), counts(1), continuation, value);
}

function fillingValue({ arguments: given }: Call): number {
  return given.has("value") ? given.real("value") : 0;
}

function inMode(name: string): Handler {
  return (call) => padded(call, call.arguments.integers("padding"), name);
}

/** Operators that extend data beyond its ends, by overload. */
export const paddings: Readonly<Record<string, Handler>> = {
  "aten.pad.default": (call) =>
    padded(call, call.arguments.integers("pad"), call.arguments.text("mode"), fillingValue(call)),
  "aten._pad_enum.default": (call) =>
    padded(call, call.arguments.integers("pad"), modeNames[call.arguments.integer("mode")], fillingValue(call)),
  "aten.constant_pad_nd.default": (call) =>
    padded(call, call.arguments.integers("pad"), "constant", fillingValue(call)),
  "aten._pad_circular.default": (call) => padded(call, call.arguments.integers("pad"), "circular"),
  "aten.reflection_pad1d.default": inMode("reflect"),
  "aten.reflection_pad2d.default": inMode("reflect"),
  "aten.reflection_pad3d.default": inMode("reflect"),
  "aten.replication_pad1d.default": inMode("replicate"),
  "aten.replication_pad2d.default": inMode("replicate"),
  "aten.replication_pad3d.default": inMode("replicate"),
};
