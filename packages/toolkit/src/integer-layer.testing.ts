import { type Graph, parseGraph } from "@millrace/ir";
import { operators } from "@millrace/ops";

const scales = [0.01, 0.02, 0.03, 0.04];

/** A layer of integers for an accelerator, of 6 · 6 · 4 · 4 multiply-accumulates, before one that it leaves to the processor. */
export function integerLayer(): Graph {
  return parseGraph(
    `graph g
    input x: i8[1,6,6,4]<scale=[0.0625], zeroPoint=[3]>
    constant w: i8[4,1,1,4]<scale=[${scales}], zeroPoint=[0,0,0,0], axis=0> = [${Array.from({ length: 16 }, (_, at) => at - 8)}]
    constant b: i32[4]<scale=[${scales.map((scale) => scale * 0.0625)}], zeroPoint=[0,0,0,0], axis=0> = [1,2,3,4]
    a: i8[1,6,6,4]<scale=[0.046875], zeroPoint=[-128]> = conv2d(x, w, b) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=last, activation=relu}
    shares: i8[1,6,6,4]<scale=[0.00390625], zeroPoint=[-128]> = softmax(a) {axis=3, beta=1}
    output shares`,
    operators,
  );
}
