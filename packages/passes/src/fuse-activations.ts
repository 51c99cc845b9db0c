import { sameQuantization, type ValueType } from "@millrace/ir";
import { type Activation, activationOfRange, activationRanges, clamp } from "@millrace/ops";
import { replaceNode } from "./edit.ts";
import { refuse, rewrite, usedOnce } from "./rewrite.ts";

/** Merges a clamp into the node before it where that node has a fused activation: ReLU, ReLU6 and ReLU -1…1. */
export const fuseActivations = rewrite("fuse-activations", {
  roots: [clamp],
  find(node, graph) {
    const { x } = clamp.inputsOf(node);
    const producer = x.producer;
    const current = producer?.attributes["activation"] as Activation | undefined;
    if (producer === undefined || current === undefined || !standForTheSame(x.type, node.outputs[0].type))
      return undefined;
    const { minimum, maximum } = clamp.attributesOf(node);
    const [low, high] = activationRanges[current];
    const merged = activationOfRange(Math.max(low, minimum), Math.min(high, maximum));
    if (merged === undefined) return refuse(`no activation limits results to ${minimum}…${maximum}`);
    if (!usedOnce(graph, x)) return refuse(`${producer.name} is also read elsewhere, before the activation`);
    return { producer, merged };
  },
  replace({ producer, merged }, node, graph) {
    const { op, inputs, attributes } = producer;
    replaceNode(graph, node, { op, inputs, attributes: { ...attributes, activation: merged } }, [producer]);
  },
  examples: [
    {
      name: "ReLU6 after a maximum pool with ReLU",
      before: `
        input x: f32[1,2,2,1]
        y: f32[1,1,1,1] = maxPool2d(x) {kernel=[2,2], stride=[2,2], dilation=[1,1], padding=[0,0,0,0], layout=last, activation=relu} from [pool]
        z: f32[1,1,1,1] = clamp(y) {minimum=-1, maximum=6} from [relu6]
        output z`,
      after: `
        input x: f32[1,2,2,1]
        z: f32[1,1,1,1] = maxPool2d(x) {kernel=[2,2], stride=[2,2], dilation=[1,1], padding=[0,0,0,0], layout=last, activation=relu6} from [pool, relu6]
        output z`,
    },
    {
      name: "integers whose parameters stay the same",
      before: `
        input x: i8[2]<scale=[1], zeroPoint=[0]>
        y: i8[2]<scale=[2], zeroPoint=[3]> = add(x, x) {activation=none}
        z: i8[2]<scale=[2], zeroPoint=[3]> = clamp(y) {minimum=0, maximum=Infinity}
        output z`,
      after: `
        input x: i8[2]<scale=[1], zeroPoint=[0]>
        z: i8[2]<scale=[2], zeroPoint=[3]> = add(x, x) {activation=relu}
        output z`,
    },
    {
      name: "integers whose parameters change",
      before: `
        input x: i8[2]<scale=[1], zeroPoint=[0]>
        y: i8[2]<scale=[2], zeroPoint=[3]> = add(x, x) {activation=none}
        z: i8[2]<scale=[1], zeroPoint=[-128]> = clamp(y) {minimum=0, maximum=Infinity}
        output z`,
    },
    {
      name: "a sum that is read before its ReLU too",
      before: `
        input x: f32[2]
        y: f32[2] = add(x, x) {activation=none}
        z: f32[2] = clamp(y) {minimum=0, maximum=Infinity}
        output y
        output z`,
      noted: "y is also read elsewhere, before the activation",
    },
    {
      name: "a range that is no activation",
      before: `
        input x: f32[2]
        y: f32[2] = mul(x, x) {activation=none}
        z: f32[2] = clamp(y) {minimum=0, maximum=1}
        output z`,
      noted: "no activation limits results to 0…1",
    },
    {
      name: "an operator without activation",
      before: `
        input x: f32[1,1,1,1]
        y: f32[1,2,2,1] = resize(x) {mode=nearest, size=[2,2], coordinates=asymmetric, nearestRounding=floor, layout=last}
        z: f32[1,2,2,1] = clamp(y) {minimum=0, maximum=6}
        output z`,
    },
  ],
});

/** Whether values of two types are reals, or integers that stand for the same ones. */
function standForTheSame(a: ValueType, b: ValueType): boolean {
  if (a.dtype === "f32") return true;
  return a.dtype === b.dtype && a.quantization !== undefined && sameQuantization(a.quantization, b.quantization);
}
