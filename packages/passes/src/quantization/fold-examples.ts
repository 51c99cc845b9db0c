import type { PassExample } from "../pass.ts";

const input = "input x: f32[1,2]";
const stored =
  "a: i8[1,2]<scale=[0.5], zeroPoint=[1]> = quantize(x) {dtype=i8, scale=[0.5], zeroPoint=[1], axis=-1, rounding=even}";

/** What folding quantization makes of small graphs. */
export const foldExamples: readonly PassExample[] = [
  {
    name: "a layer with stored weights and a bias in other steps",
    before: `
      ${input}
      ${stored}
      b: f32[1,2] = dequantize(a)
      constant v: i8[1,2]<scale=[0.25], zeroPoint=[0]> = [3, -1]
      w: f32[1,2] = dequantize(v)
      constant bias: f32[1] = [1]
      c: f32[1,1] = linear(b, w, bias) {activation=relu} from [fc]
      d: i8[1,1]<scale=[2], zeroPoint=[-128]> = quantize(c) {dtype=i8, scale=[2], zeroPoint=[-128], axis=-1, rounding=even}
      y: f32[1,1] = dequantize(d)
      output y`,
    after: `
      ${input}
      ${stored}
      constant w: i8[1,2]<scale=[0.25], zeroPoint=[0]> = [3, -1]
      constant bias: i32[1]<scale=[0.125], zeroPoint=[0]> = [8]
      c: i8[1,1]<scale=[2], zeroPoint=[-128]> = linear(a, w, bias) {activation=relu} from [fc]
      y: f32[1,1] = dequantize(c)
      output y`,
  },
  {
    name: "an operator that only rearranges, and a quantization that changes nothing after it",
    before: `
      ${input}
      ${stored}
      b: f32[1,2] = dequantize(a)
      c: f32[2] = reshape(b) {shape=[2]}
      d: i8[2]<scale=[0.5], zeroPoint=[1]> = quantize(c) {dtype=i8, scale=[0.5], zeroPoint=[1], axis=-1, rounding=even}
      e: f32[2] = dequantize(d)
      y: f32[2] = neg(e)
      output y`,
    after: `
      ${input}
      ${stored}
      c: i8[2]<scale=[0.5], zeroPoint=[1]> = reshape(a) {shape=[2]}
      e: f32[2] = dequantize(c)
      y: f32[2] = neg(e)
      output y`,
    noted: "it stays real: TFLite has no int8 NEG that its converter emits",
  },
  {
    name: "a result whose parameters the operator decides",
    before: `
      ${input}
      ${stored}
      b: f32[1,2] = dequantize(a)
      c: f32[1,2] = sigmoid(b)
      d: i8[1,2]<scale=[0.5], zeroPoint=[0]> = quantize(c) {dtype=i8, scale=[0.5], zeroPoint=[0], axis=-1, rounding=even}
      y: f32[1,2] = dequantize(d)
      output y
      output d`,
    after: `
      ${input}
      ${stored}
      c: i8[1,2]<scale=[0.00390625], zeroPoint=[-128]> = sigmoid(a)
      d: i8[1,2]<scale=[0.5], zeroPoint=[0]> = quantize(c) {dtype=i8, scale=[0.5], zeroPoint=[0], axis=-1, rounding=away} named c_requantized
      y: f32[1,2] = dequantize(d)
      output y
      output d`,
  },
  {
    name: "data of which one is real",
    before: `
      ${input}
      ${stored}
      b: f32[1,2] = dequantize(a)
      c: f32[1,2] = add(b, x) {activation=none}
      y: i8[1,2]<scale=[0.5], zeroPoint=[0]> = quantize(c) {dtype=i8, scale=[0.5], zeroPoint=[0], axis=-1, rounding=even}
      output y`,
    noted: "not all of its data are quantized",
  },
];
