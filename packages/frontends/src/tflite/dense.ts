import { divideDimensions, elementCount, isFloat, multiplyDimensions, type Value } from "@millrace/ir";
import { type Call, input, invalid, neededOptions, optionsOf, refuse } from "./call.ts";
import { finish, step } from "./emit.ts";
import { activationOf, takes } from "./importer.ts";
import { biasInput, blockedWeights, refuseHybrid, refuseOtherHybrid } from "./weights.ts";

/** FULLY_CONNECTED sees its data as rows as long as those of the weights unless it keeps the number of axes. */
export const fullyConnected = takes(2, 3, (call) => {
  const data = input(call, 0);
  const weights = blockedWeights(call, 1, data) ?? input(call, 1);
  refuseOtherHybrid(call, data, weights, ["i4"]);
  const options = neededOptions(call, "FullyConnectedOptions");
  if (options.weightsFormat !== "DEFAULT") {
    refuse(call, "tflite.unsupported", "its weights are shuffled", "Export the model with plain weights.");
  }
  if (weights.type.shape.length !== 2) invalid(call, `its weights have ${weights.type.shape.length} axes, not 2`);
  const x = options.keepNumDims ? data : rows(call, data, weights.type.shape[1] as number);
  const bias = biasInput(call, 2, x, weights);
  finish(call, isAsymmetric(options, x, weights) ? "asymmetricLinear" : "linear", [x, weights, bias], {
    activation: activationOf(call, options.fusedActivationFunction),
  });
});

/** Real data that meet integers have a zero point where the options say so, and always beside four bits: XNNPACK has no other form. */
function isAsymmetric(
  { asymmetricQuantizeInputs }: { readonly asymmetricQuantizeInputs: boolean },
  x: Value,
  weights: Value,
): boolean {
  const dynamic = isFloat(x.type.dtype) && !isFloat(weights.type.dtype);
  return dynamic && (asymmetricQuantizeInputs || weights.type.dtype === "i4");
}

function rows(call: Call, x: Value, length: number): Value {
  const { shape } = x.type;
  if (shape.length === 2 && shape[1] === length) return x;
  const total = elementCount(shape);
  const count = length === 0 ? Number.NaN : divideDimensions(total, length);
  if (multiplyDimensions(count, length) !== total) invalid(call, `its data [${shape}] are no rows of ${length}`);
  return step(call, "reshape", [x], { shape: [count, length] }, [x.type])[0];
}

export const batchMatmul = takes(2, 2, (call) => {
  const [a, b] = [input(call, 0), input(call, 1)];
  refuseHybrid(call, a, b);
  const { adjX = false, adjY = false } = optionsOf(call, "BatchMatMulOptions") ?? {};
  finish(call, "matmul", [a, b], { transposeA: adjX, transposeB: adjY });
});
