import { broadcastShapes, fromNumbers, zeros } from "@millrace/ir";
import { allInputs, input, integerInput, invalid, refuse, statedType } from "./call.ts";
import { define, finish, finishConstant, step } from "./emit.ts";
import { takes } from "./importer.ts";

const plain = { activation: "none" };

/** ADD_N adds one after the other. */
export const addN = takes(1, Number.POSITIVE_INFINITY, (call) => {
  const [first, ...others] = allInputs(call);
  const last = others.pop();
  if (first.type.quantization)
    refuse(call, "tflite.unsupported", "it adds quantized tensors", "Add them two by two in the model.");
  if (last === undefined) return finish(call, "reshape", [first], { shape: first.type.shape });
  const sum = others.reduce(
    (left, right, at) => step(call, "add", [left, right], plain, [left.type], `sum${at}`)[0],
    first,
  );
  finish(call, "add", [sum, last], plain);
});

/** DENSIFY of a constant, whose sparse form is made dense as it is read. */
export const densified = takes(1, 1, (call) => define(call, 0, input(call, 0)));

export const fill = takes(2, 2, (call) => finish(call, "expand", [input(call, 1)], { shape: integerInput(call, 0) }));

export const zerosLike = takes(1, 1, (call) => {
  const { shape, dtype, quantization } = input(call, 0).type;
  if (quantization)
    refuse(call, "tflite.unsupported", "it makes quantized zeros", "Make them a constant of the model.");
  finish(call, "expand", [call.scope.graph.addConstant(`${call.name}/zero`, zeros(dtype, []))], { shape });
});

/** RANK of data whose shape is known is a constant. */
export const rank = takes(1, 1, (call) =>
  finishConstant(call, fromNumbers("i32", [], [input(call, 0).type.shape.length])),
);

/** The shape that data of two known shapes are broadcast to. */
export const broadcastArguments = takes(2, 2, (call) => {
  const [a, b] = [integerInput(call, 0), integerInput(call, 1)];
  const shape = broadcastShapes(a, b) as readonly number[] | undefined;
  if (shape === undefined) return invalid(call, `[${a}] and [${b}] can't be broadcast`);
  const { dtype } = statedType(call);
  if (dtype !== "i32" && dtype !== "i64") invalid(call, `its result is ${dtype}, not i32`);
  finishConstant(call, fromNumbers(dtype, [shape.length], shape));
});

/** EMBEDDING_LOOKUP picks rows of its second operand. */
export const embeddingLookup = takes(2, 2, (call) =>
  finish(call, "gather", [input(call, 1), input(call, 0)], { axis: 0 }),
);
