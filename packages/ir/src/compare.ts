import { Graph } from "./graph.ts";
import type { Node, State, Value, ValueType } from "./node.ts";
import type { Attribute, Attributes } from "./operator.ts";
import { printType } from "./print.ts";
import { sameQuantization } from "./quantization.ts";
import { sameShape } from "./shape.ts";
import { bytesOf, type Tensor } from "./tensor.ts";

/**
 * The first difference between two graphs in words, or undefined if they are equal: the same nodes in the same order, with
 * the same names, types, attributes, bodies, origins, states and constants, element for element. Linear in the graphs.
 */
export function equalGraphs(a: Graph, b: Graph): string | undefined {
  const compared = new Set<Value>();
  const left = [...a.nodes()];
  const right = [...b.nodes()];
  return (
    differ("the graph is called", a.name, b.name) ??
    differ("the number of inputs is", a.inputs.length, b.inputs.length) ??
    firstOf(a.inputs, (value, index) => valuesDiffer(`input ${index}`, value, b.inputs[index], compared)) ??
    differ("the number of nodes is", left.length, right.length) ??
    firstOf(left, (node, index) => nodesDiffer(node, right[index], compared)) ??
    inputsDiffer("output", a.results, b.results, compared) ??
    differ("the names of the outputs are", JSON.stringify(a.outputNames), JSON.stringify(b.outputNames)) ??
    differ("the number of states is", a.states.length, b.states.length) ??
    firstOf(a.states, (state, index) => statesDiffer(state, b.states[index]))
  );
}

function nodesDiffer(a: Node, b: Node, compared: Set<Value>): string | undefined {
  return (
    differ("a node is called", a.name, b.name) ??
    differ(`${a.name} is`, a.op.name, b.op.name) ??
    inputsDiffer(`input of ${a.name}`, a, b, compared) ??
    differ(`the number of results of ${a.name} is`, a.outputs.length, b.outputs.length) ??
    firstOf(a.outputs, (value, index) =>
      valuesDiffer(`result ${index} of ${a.name}`, value, b.outputs[index], compared),
    ) ??
    attributesDiffer(a.name, a.attributes, b.attributes) ??
    differ(`the origin of ${a.name} is`, JSON.stringify(a.origin), JSON.stringify(b.origin))
  );
}

function inputsDiffer(what: string, a: Node, b: Node, compared: Set<Value>): string | undefined {
  return (
    differ(`the number of values that are ${what} is`, a.inputs.length, b.inputs.length) ??
    firstOf(a.inputs, (value, index) => {
      const other = b.inputs[index];
      if (value && other) return valuesDiffer(`${what} ${index}`, value, other, compared);
      return differ(`${what} ${index} is`, value?.name, other?.name);
    })
  );
}

/** Compares a value the first time it is met; later its name will do. */
function valuesDiffer(what: string, a: Value, b: Value, compared: Set<Value>): string | undefined {
  if (a.name !== b.name || compared.has(a)) return differ(`${what} is`, a.name, b.name);
  compared.add(a);
  return (
    typesDiffer(a.name, a.type, b.type) ??
    differ(`${a.name} is`, kindOf(a), kindOf(b)) ??
    (a.constant && b.constant && dataDiffers(a.name, a.constant, b.constant))
  );
}

function kindOf(value: Value): string {
  if (value.constant) return "a constant";
  return value.producer ? "computed" : "an input";
}

function typesDiffer(name: string, a: ValueType, b: ValueType): string | undefined {
  const same = a.dtype === b.dtype && sameShape(a.shape, b.shape) && sameQuantization(a.quantization, b.quantization);
  return same ? undefined : `${name} is ${printType(a)} here and ${printType(b)} there`;
}

function dataDiffers(name: string, a: Tensor, b: Tensor): string | undefined {
  const [left, right] = [bytesOf(a), bytesOf(b)];
  if (left.length !== right.length) return differ(`the bytes of ${name} are`, left.length, right.length);
  const at = left.findIndex((byte, index) => byte !== right[index]);
  const index = Math.floor(at / a.data.BYTES_PER_ELEMENT);
  return at < 0 ? undefined : differ(`element ${index} of ${name} is`, a.data[index], b.data[index]);
}

function statesDiffer(a: State, b: State): string | undefined {
  return (
    differ("a state is", `${a.input} from ${a.output}`, `${b.input} from ${b.output}`) ??
    differ(`the state ${a.input} starts with`, a.initial && "a tensor", b.initial && "a tensor") ??
    (a.initial && b.initial && dataDiffers(a.input, a.initial, b.initial))
  );
}

function attributesDiffer(node: string, a: Attributes, b: Attributes): string | undefined {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return firstOf(names, (name) => {
    const [left, right] = [a[name], b[name]];
    if (left instanceof Graph && right instanceof Graph) return equalGraphs(left, right);
    return sameAttribute(left, right) ? undefined : `${name} of ${node} is ${show(left)} here and ${show(right)} there`;
  });
}

function sameAttribute(a: Attribute | undefined, b: Attribute | undefined): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return Object.is(a, b);
  return a.length === b.length && a.every((item, index) => Object.is(item, b[index]));
}

function show(value: unknown): string {
  if (value instanceof Graph) return `a graph called ${value.name}`;
  if (Array.isArray(value)) return `[${value.map(show).join(",")}]`;
  return Object.is(value, -0) ? "-0" : String(value);
}

function differ(what: string, a: unknown, b: unknown): string | undefined {
  return Object.is(a, b) ? undefined : `${what} ${show(a)} here and ${show(b)} there`;
}

function firstOf<T>(items: readonly T[], find: (item: T, index: number) => string | undefined): string | undefined {
  for (const [index, item] of items.entries()) {
    const found = find(item, index);
    if (found !== undefined) return found;
  }
  return undefined;
}
