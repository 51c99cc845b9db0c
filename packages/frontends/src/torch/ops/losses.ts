import type { Value } from "@millrace/ir";
import {
  abs,
  add,
  div,
  exp,
  less,
  log,
  logSoftmax,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  select,
  sub,
  sum,
} from "@millrace/ops";
import { type Formula, formulaOf } from "../../onnx/ops/formula.ts";
import { reshaped } from "../../onnx/ops/weights.ts";
import type { Call, Handler } from "../call.ts";
import { distanceOf } from "./distances.ts";

/** Losses of all elements as the argument `reduction` says: 0 for each, 1 for their mean, 2 for their sum. */
function reduced(call: Call, losses: Value): Value {
  const reduction = call.arguments.integer("reduction");
  const fold = { axes: [...losses.type.shape.keys()], keepDims: false };
  if (reduction === 0) return losses;
  if (reduction === 1) return call.compute(mean, [losses], fold);
  return reduction === 2 ? call.compute(sum, [losses], fold) : call.invalid(`its reduction is ${reduction}`);
}

/** A loss of each element of the tensors in the arguments named, in real numbers. */
function lossOf(
  names: readonly string[],
  write: (of: Formula, call: Call, ...values: readonly Value[]) => Value,
): Handler {
  return (call) => {
    const values = names.map((name) => call.realOf(call.arguments.tensor(name)));
    return reduced(call, write(formulaOf(call.writer), call, ...values));
  };
}

const pair = ["self", "target"];

/** d² / 2 up to a distance, and from there on as steep as it is there. */
function smooth(limit: string, scaled: boolean): Handler {
  return lossOf(pair, (of, call, self, target) => {
    const distance = of(abs, of(sub, self, target));
    const bound = call.arguments.real(limit);
    if (bound === 0) return scaled ? distance : of(mul, distance, 0);
    const squared = of(mul, of(mul, distance, distance), 0.5);
    const straight = of(mul, of(sub, distance, bound / 2), bound);
    const loss = of(select, of(less, distance, bound), squared, straight);
    return scaled ? of(div, loss, bound) : loss;
  });
}

/** The argument `weight`, if there is one, times a loss. */
function weighted(of: Formula, call: Call, loss: Value): Value {
  const weight = call.arguments.optionalTensor("weight");
  return weight ? of(mul, loss, weight) : loss;
}

/** −(t · log p + (1 − t) · log(1 − p)), logarithms no less than −100. */
const crossEntropy = lossOf(pair, (of, call, probability, target) => {
  const logarithm = (value: Value) => of(maximum, of(log, value), -100);
  const positive = of(mul, target, logarithm(probability));
  const negative = of(mul, of(sub, 1, target), logarithm(of(sub, 1, probability)));
  return weighted(of, call, of(neg, of(add, positive, negative)));
});

/** log(1 + e^x) without overflow: max(x, 0) + log(1 + e^−|x|). */
function softplus(of: Formula, x: Value): Value {
  return of(add, of(maximum, x, 0), of(log, of(add, 1, of(exp, of(neg, of(abs, x))))));
}

/** (1 − t) · x + (1 + (w − 1) · t) · log(1 + e^−x), w the weight of what is true. */
const crossEntropyOfLogits = lossOf(pair, (of, call, logit, target) => {
  const factor = call.arguments.optionalTensor("pos_weight");
  const share = factor ? of(add, 1, of(mul, of(sub, factor, 1), target)) : undefined;
  const missed = softplus(of, of(neg, logit));
  const loss = of(add, of(mul, of(sub, 1, target), logit), share ? of(mul, share, missed) : missed);
  return weighted(of, call, loss);
});

/** t · (log t − x), or e^t · (t − x) where the target is a logarithm; 0 where t is 0. */
const divergence = lossOf(pair, (of, call, self, target) => {
  if (call.arguments.flag("log_target")) return of(mul, of(exp, target), of(sub, target, self));
  const isPositive = of(less, 0, target);
  const logarithm = of(log, of(select, isPositive, target, 1));
  return of(select, isPositive, of(mul, target, of(sub, logarithm, self)), 0);
});

const ranking = lossOf(["input1", "input2", "target"], (of, call, first, second, target) =>
  of(maximum, of(add, of(mul, of(neg, target), of(sub, first, second)), call.arguments.real("margin")), 0),
);

/** How much nearer an anchor is to one sample than to another, up to a margin. */
const triplet = lossOf(["anchor", "positive", "negative"], (of, call, anchor, positive, negative) => {
  const { arguments: given } = call;
  const distance = (a: Value, b: Value) => distanceOf(call, a, b, given.real("p"), given.real("eps"));
  const far = distance(anchor, negative);
  const apart = given.flag("swap") ? of(minimum, far, distance(positive, negative)) : far;
  return of(maximum, of(add, of(sub, distance(anchor, positive), apart), given.real("margin")), 0);
});

/** −Σ weight · target · log softmax over the classes, whose targets are probabilities; the mean is over samples and places. */
function distributionLoss(call: Call, x: Value, target: Value): Value {
  const of = formulaOf(call.writer);
  const { shape } = x.type;
  const axis = Math.min(1, shape.length - 1);
  const logarithms = call.compute(logSoftmax, [x], { axis });
  const weight = call.arguments.optionalTensor("weight");
  const wide = shape.map((size, at) => (at === axis ? size : 1));
  const share = weight ? of(mul, target, reshaped(call.writer, weight, wide)) : target;
  return reduced(call, of(neg, call.compute(sum, [of(mul, share, logarithms)], { axes: [axis], keepDims: false })));
}

/** A loss of ONNX's against target classes; a single sample has no axis for its batch. */
function classLoss(type: "NegativeLogLikelihoodLoss" | "SoftmaxCrossEntropyLoss"): Handler {
  return (call) => {
    const { arguments: given, writer } = call;
    const [x, target] = [call.realOf(given.tensor("self")), given.tensor("target")];
    if (type === "SoftmaxCrossEntropyLoss" && given.real("label_smoothing") !== 0)
      return call.unsupported("it smooths its targets", "Set label_smoothing to 0, or take the loss out of the model.");
    if (target.type.dtype === "f32") return distributionLoss(call, x, target);
    const batched = (value: Value, rank: number) =>
      value.type.shape.length < rank ? reshaped(writer, value, [1, ...value.type.shape]) : value;
    const reduction =
      ["none", "mean", "sum"][given.integer("reduction")] ?? call.invalid("its reduction is none there is");
    const loss = call.onnx(type, [batched(x, 2), batched(target, 1), given.optionalTensor("weight")], {
      reduction,
      ignore_index: given.integer("ignore_index"),
    });
    return reduction === "none" ? reshaped(writer, loss, target.type.shape) : loss;
  };
}

/** Losses, which models of anomalies give as results, by overload. */
export const losses: Readonly<Record<string, Handler>> = {
  "aten.mse_loss.default": lossOf(pair, (of, _, self, target) => {
    const apart = of(sub, self, target);
    return of(mul, apart, apart);
  }),
  "aten.l1_loss.default": lossOf(pair, (of, _, self, target) => of(abs, of(sub, self, target))),
  "aten.smooth_l1_loss.default": smooth("beta", true),
  "aten.huber_loss.default": smooth("delta", false),
  "aten.binary_cross_entropy.default": crossEntropy,
  "aten.binary_cross_entropy_with_logits.default": crossEntropyOfLogits,
  "aten.kl_div.default": divergence,
  "aten.soft_margin_loss.default": lossOf(pair, (of, _, self, target) => softplus(of, of(neg, of(mul, self, target)))),
  "aten.margin_ranking_loss.default": ranking,
  "aten.nll_loss.default": classLoss("NegativeLogLikelihoodLoss"),
  "aten.nll_loss_nd.default": classLoss("NegativeLogLikelihoodLoss"),
  "aten.nll_loss2d.default": classLoss("NegativeLogLikelihoodLoss"),
  "aten.cross_entropy_loss.default": classLoss("SoftmaxCrossEntropyLoss"),
  "aten.triplet_margin_loss.default": triplet,
};
