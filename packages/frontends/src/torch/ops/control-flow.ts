import { scalarOf, type Value } from "@millrace/ir";
import { ifOperator, scan, whileOperator } from "@millrace/ops";
import type { Call, Handler } from "../call.ts";

/** One of two graphs on the same operands: the one that is known to run, or both as bodies of a branch. */
function branch(call: Call): readonly Value[] {
  const { arguments: given, writer, nested } = call;
  const [first, second] = [given.graph("1"), given.graph("2")];
  const operands = given.tensors("3");
  const condition = call.valueOf(given.operand("0"), "bool");
  if (writer.isConstant(condition))
    return nested.inline(scalarOf(writer.constantTensor(condition, "the condition")) !== 0 ? first : second, operands);
  const [whenTrue, whenFalse] = [nested.body(first, [], operands), nested.body(second, [], operands)];
  return writer.emitAll(ifOperator, [condition, ...whenTrue.captured], {
    whenTrue: whenTrue.graph,
    whenFalse: whenFalse.graph,
  });
}

/** Replaces values by what a graph makes of them as long as another one says so; what both read from around stays as it is. */
function loop(call: Call): readonly Value[] {
  const { arguments: given, writer, nested } = call;
  const carried = given.tensors("2");
  const around = given.given("3") ? given.tensors("3") : [];
  const types = carried.map(({ type }) => type);
  const [condition, body] = [given.graph("0"), given.graph("1")].map((graph) => nested.body(graph, types, around));
  body.graph.setOutputs([...body.graph.outputs, ...body.graph.inputs.slice(types.length)]);
  const bodies = { condition: condition.graph, body: body.graph };
  return writer.emitAll(whileOperator, [...carried, ...body.captured], bodies).slice(0, carried.length);
}

/** Steps along the first axis of sequences, with states. */
function steps(call: Call): readonly Value[] {
  const { arguments: given, writer, nested } = call;
  const [states, sequences] = [given.tensors("1"), given.tensors("2")];
  const around = given.given("3") ? given.tensors("3") : [];
  const types = [...states, ...sequences].map(({ type }, index) =>
    index < states.length ? type : { ...type, shape: type.shape.slice(1) },
  );
  const body = nested.body(given.graph("0"), types, around);
  const attributes = {
    body: body.graph,
    states: states.length,
    sequences: sequences.length,
    axis: 0,
    reverse: false,
  };
  return writer.emitAll(scan, [...states, ...sequences, ...body.captured], attributes);
}

/** A graph for each index of the first axis of tensors: steps without states. */
function mapped(call: Call): readonly Value[] {
  const { arguments: given, writer, nested } = call;
  const sequences = given.tensors("1");
  const types = sequences.map(({ type }) => ({ ...type, shape: type.shape.slice(1) }));
  const body = nested.body(given.graph("0"), types, given.given("2") ? given.tensors("2") : []);
  const attributes = { body: body.graph, states: 0, sequences: sequences.length, axis: 0, reverse: false };
  return writer.emitAll(scan, [...sequences, ...body.captured], attributes);
}

/** A graph that runs in a context of its own, which changes nothing about what it computes. */
function wrapped(settings: number): Handler {
  return (call) => {
    const { arguments: given, nested } = call;
    const operands = Array.from({ length: given.count - settings - 1 }, (_, index) =>
      given.tensors(String(settings + 1 + index)),
    );
    return nested.inline(given.graph(String(settings)), operands.flat());
  };
}

/** Operators that hold graphs; their arguments have no names. */
export const controlFlow: Readonly<Record<string, Handler>> = {
  "higher_order.cond": branch,
  "higher_order.while_loop": loop,
  "higher_order.scan": steps,
  "higher_order.map_impl": mapped,
  "higher_order.wrap_with_set_grad_enabled": wrapped(1),
  "higher_order.wrap_with_autocast": wrapped(4),
};
