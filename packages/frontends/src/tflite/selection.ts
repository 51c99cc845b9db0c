import { fromNumbers } from "@millrace/ir";
import { freshSize, input, integerInput, invalid, optionalInput, statedType } from "./call.ts";
import { finish, step } from "./emit.ts";
import { takes } from "./importer.ts";

/** WHERE: coordinates of the elements that are not zero. */
export const where = takes(1, 1, (call) => {
  const x = input(call, 0);
  const { dtype, shape, quantization } = x.type;
  if (quantization) invalid(call, "its operand is integers that stand for reals");
  const attributes = { shape: [freshSize(call), shape.length] };
  if (dtype === "bool") return finish(call, "where", [x], attributes);
  const zero = call.scope.graph.addConstant(`${call.name}/zero`, fromNumbers(dtype, [], [0]));
  finish(call, "where", step(call, "notEqual", [x, zero], {}, [{ dtype: "bool" }]), attributes);
});

/** NON_MAX_SUPPRESSION_V4 and V5, which has one operand and one result more. Room for no box at all is of no use. */
export const nonMaxSuppression = takes(5, 6, (call) => {
  const [most, ...others] = integerInput(call, 2);
  if (!(most >= 1) || others.length > 0) invalid(call, "the number of boxes it selects is not one above 0");
  const operands = [0, 1, 3, 4].map((position) => input(call, position));
  const sigma = optionalInput(call, 5);
  const positions = call.builtin === "NON_MAX_SUPPRESSION_V4" ? [0, { dtype: "f32" } as const, 1] : [0, 1, 2];
  finish(call, "nonMaxSuppression", [...operands, sigma], { most }, positions);
});

/** UNIQUE: the different elements of a vector. */
export const unique = takes(1, 1, (call) => {
  if (input(call, 0).type.quantization) invalid(call, "its operand is integers that stand for reals");
  const { dtype } = statedType(call, 1);
  finish(call, "unique", [input(call, 0)], { shape: [freshSize(call)], to: dtype });
});
