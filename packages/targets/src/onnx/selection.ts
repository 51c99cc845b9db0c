import { fromNumbers, type Node } from "@millrace/ir";
import { nonMaxSuppression, unique } from "@millrace/ops";
import { dataTypeCodes, type OnnxLowering } from "./emitter.ts";

/** ONNX gives a row of coordinates for each axis. */
export const lowerWhere: OnnxLowering = (node, emit, outputs) => {
  const rows = emit.node("NonZero", [emit.read(node.inputs[0])]);
  emit.node("Transpose", [rows], { perm: [1, 0] }, outputs);
};

/** ONNX also tells where each element was first, between the two results. onnxruntime has it for reals and for integers of 8 and 64 bits. */
export const lowerUnique: OnnxLowering = (node, emit, [values, places]) => {
  const { dtype } = node.inputs[0]!.type;
  const isWide = ["i16", "i32", "u8"].includes(dtype);
  const x = emit.read(node.inputs[0]);
  const given = isWide ? emit.node("Cast", [x], { to: dataTypeCodes.i64 }) : x;
  const results = ["different", "firsts", "kinds"].map((name) => emit.name(name));
  emit.node("Unique", [given], { sorted: 0 }, results);
  emit.node("Cast", [results[0]], { to: dataTypeCodes[dtype] }, [values]);
  emit.node("Cast", [results[2]], { to: dataTypeCodes[unique.attributesOf(node).to] }, [places]);
};

/** Whether ONNX can suppress boxes so: by a constant threshold above 0, and without lowering scores. */
export function isHardSuppression(node: Node): boolean {
  const { overlapThreshold, sigma } = nonMaxSuppression.inputsOf(node);
  return Number(overlapThreshold.constant?.data[0]) > 0 && (sigma === undefined || sigma.constant?.data[0] === 0);
}

/** ONNX gives a row of image, class and box for each one selected, and suppresses what overlaps by more than its threshold. */
export const lowerNonMaxSuppression: OnnxLowering = (node, emit, [indices, scores, count]) => {
  const { most } = nonMaxSuppression.attributesOf(node);
  const values = nonMaxSuppression.inputsOf(node);
  const given = emit.read(values.scores);
  const whole = { to: dataTypeCodes.i32 };
  const threshold = Math.min(1, numberBelow(Number(values.overlapThreshold.constant!.data[0])));
  const rows = emit.node("NonMaxSuppression", [
    emit.node("Unsqueeze", [emit.read(values.boxes), emit.integers("axes", [0])]),
    emit.node("Unsqueeze", [given, emit.integers("axes", [0, 1])]),
    emit.integers("most", [most]),
    emit.constant("threshold", fromNumbers("f32", [1], [threshold])),
    emit.node("Reshape", [emit.read(values.scoreThreshold), emit.integers("shape", [1])]),
  ]);
  const found = emit.node("Gather", [rows, emit.constant("column", fromNumbers("i64", [], [2]))], { axis: 1 });
  const filled = emit.node("Concat", [found, emit.integers("rest", new Array<number>(most).fill(0))], { axis: 0 });
  const room = emit.node("Slice", [filled, emit.integers("start", [0]), emit.integers("end", [most])]);
  emit.node("Cast", [room], whole, [indices]);
  const size = emit.node("Gather", [emit.node("Shape", [rows]), emit.constant("first", fromNumbers("i64", [], [0]))]);
  emit.node("Cast", [size], whole, [count]);
  const places = emit.integers(
    "places",
    Array.from({ length: most }, (_, at) => at),
  );
  const isFound = emit.node("Less", [places, size]);
  emit.node("Where", [isFound, emit.node("Gather", [given, room]), emit.scalar("none", 0)], {}, [scores]);
};

/** The greatest float32 below a positive one. */
function numberBelow(number: number): number {
  const bits = new Int32Array(Float32Array.of(number).buffer);
  return new Float32Array(Int32Array.of(bits[0] - 1).buffer)[0];
}
