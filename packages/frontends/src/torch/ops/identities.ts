import type { Value } from "@millrace/ir";
import { cast } from "@millrace/ops";
import type { Call, Handler } from "../call.ts";
import { expanded } from "./shapes.ts";

/** Operators that give what they get: copies, memory formats, devices, and dropout outside of training. */
function unchanged(name = "self"): Handler {
  return (call) => call.arguments.tensor(name);
}

/** Truth values of numbers, and whole numbers towards zero. */
function converted(call: Call): Value {
  const x = call.arguments.tensor("self");
  const to = call.arguments.dtype("dtype");
  return to === undefined || to === x.type.dtype ? x : call.compute(cast, [x], { to });
}

function likeOther(call: Call): Value {
  return call.converted(call.arguments.tensor("self"), call.arguments.tensor("other").type.dtype);
}

/** The contents of another tensor in this one's type and shape. */
function copied(call: Call): Value {
  const [self, source] = [call.arguments.tensor("self"), call.arguments.tensor("src")];
  return expanded(call, call.converted(source, self.type.dtype), self.type.shape);
}

/** The overloads that write to their input call it `self`. */
function dropout(call: Call): readonly (Value | undefined)[] {
  const { arguments: given } = call;
  if (given.has("train") && given.flag("train") && given.real("p") > 0)
    call.unsupported(
      "it drops elements at random, as in training",
      "Export the model in evaluation mode (model.eval()).",
    );
  return [given.optionalTensor("self") ?? given.tensor("input"), undefined];
}

const nothing: Handler = () => [];

/** Operators without an effect on numbers, conversions of types, and checks, which are dropped, by overload. */
export const identities: Readonly<Record<string, Handler>> = {
  "aten.alias.default": unchanged(),
  "aten.alias_copy.default": unchanged(),
  "aten.clone.default": unchanged(),
  "aten.contiguous.default": unchanged(),
  "aten.detach.default": unchanged(),
  "aten.detach_copy.default": unchanged(),
  "aten.lift.default": unchanged(),
  "aten.lift_fresh.default": unchanged(),
  "aten.lift_fresh_copy.default": unchanged(),
  "aten.conj.default": unchanged(),
  "aten.resolve_conj.default": unchanged(),
  "aten.resolve_neg.default": unchanged(),
  "aten.real.default": unchanged(),
  "dim_order_ops._clone_dim_order.default": unchanged(),
  "dim_order_ops._to_dim_order_copy.default": converted,
  "aten.to.dtype": converted,
  "aten.to.dtype_layout": converted,
  "aten.to.device": converted,
  "aten._to_copy.default": converted,
  "quantized_decomposed.convert_element_type.no_fuse": converted,
  "aten.type_as.default": likeOther,
  "aten.to.other": likeOther,
  "aten.copy.default": copied,
  "aten.dropout.default": dropout,
  "aten.feature_dropout.default": dropout,
  "aten.alpha_dropout.default": dropout,
  "aten.feature_alpha_dropout.default": dropout,
  "aten.native_dropout.default": dropout,
  "aten._assert_tensor_metadata.default": nothing,
  "aten._assert_scalar.default": nothing,
  "aten._assert_async.msg": nothing,
  "aten._assert_async.default": nothing,
  "aten._functional_assert_scalar.default": nothing,
  "aten._functional_assert_async.msg": nothing,
  "aten.sym_constrain_range.default": nothing,
  "aten.sym_constrain_range_for_size.default": nothing,
};
