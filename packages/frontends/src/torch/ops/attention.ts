import { type Dimension, elementCount, type Shape, type Value } from "@millrace/ir";
import { reshaped } from "../../onnx/ops/weights.ts";
import { type Call, type Handler, real } from "../call.ts";
import { expanded } from "./shapes.ts";

/** As [batch, heads, length, size]: data without heads has one, and further leading axes are of the batch. */
function headed(call: Call, x: Value): Value {
  const { shape } = x.type;
  if (shape.length === 4) return x;
  if (shape.length < 2) return call.invalid(`its data has ${shape.length} axes`);
  const lead = shape.slice(0, -2);
  const [batch, heads]: readonly Dimension[] =
    lead.length < 2 ? [elementCount(lead), 1] : [elementCount(lead.slice(0, -1)), lead.at(-1)!];
  return reshaped(call.writer, x, [batch, heads, ...shape.slice(-2)]);
}

/** A mask with the leading axes of queries that are brought to four. */
function maskFor(call: Call, mask: Value, lead: Shape): Value {
  const { shape } = mask.type;
  if (lead.length === 2 || shape.length <= 2) return mask;
  if (lead.length < 2) return reshaped(call.writer, mask, [shape[0], 1, ...shape.slice(-2)]);
  return headed(call, expanded(call, mask, [...lead, ...shape.slice(-2)]));
}

function attention(mask: string): Handler {
  return (call) => {
    const { arguments: given } = call;
    if (given.given("dropout_p") && given.real("dropout_p") > 0)
      call.unsupported(
        "it drops scores at random, as in training",
        "Export the model in evaluation mode (model.eval()).",
      );
    const [query, key, value] = ["query", "key", "value"].map((name) => given.tensor(name));
    const lead = query.type.shape.slice(0, -2);
    const bias = given.optionalTensor(mask);
    const inputs = [query, key, value].map((x) => headed(call, x));
    const scale = given.optionalReal("scale");
    const result = call.onnx("Attention", [...inputs, bias && maskFor(call, bias, lead)], {
      is_causal: Number(given.flag("is_causal")),
      ...(scale !== undefined && { scale: real(scale) }),
    });
    const shape = [...lead, ...result.type.shape.slice(-2)];
    return [lead.length === 2 ? result : reshaped(call.writer, result, shape)];
  };
}

/** Scaled dot-product attention, by overload. */
export const attentions: Readonly<Record<string, Handler>> = {
  "aten.scaled_dot_product_attention.default": attention("attn_mask"),
  "aten._scaled_dot_product_flash_attention_for_cpu.default": attention("attn_mask"),
  "aten._scaled_dot_product_flash_attention.default": attention("attn_mask"),
  "aten._scaled_dot_product_attention_math.default": attention("attn_mask"),
  "aten._scaled_dot_product_efficient_attention.default": attention("attn_bias"),
};
