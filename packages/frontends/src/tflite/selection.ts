import { fromNumbers } from "@millrace/ir";
import { freshSize, input, invalid } from "./call.ts";
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
