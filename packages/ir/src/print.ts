import { toBase64 } from "./base64.ts";
import { fail } from "./diagnostic.ts";
import type { Dimension } from "./dimension.ts";
import { isSymbolicDimension } from "./dimension-text.ts";
import { Graph } from "./graph.ts";
import type { Node, State, Value, ValueType } from "./node.ts";
import type { Attribute, Attributes } from "./operator.ts";
import { bytesOf, numbersOf, type Tensor } from "./tensor.ts";

/** Words that open a part of a statement; a name that is one of them is put in quotes. */
const keywords: readonly string[] = ["graph", "input", "constant", "output", "state", "as", "named", "from"];

const barePattern = /^[A-Za-z0-9_./][A-Za-z0-9_./-]*$/;
const wordPattern = /^[A-Za-z_][A-Za-z0-9_]*$/;
const longestList = 16;
const greatestText = 2 ** 28;

/**
 * A graph as text that `parseGraph` reads back to an equal graph, one statement a line:
 * ```
 * graph lenet
 * input x: f32[N,28,28,1]
 * constant w: i8[8,3,3,1]<scale=[0.5], zeroPoint=[0]> = base64 AAEC…
 * constant b: f32[2] = [0.5, -1]
 * y: f32[N,26,26,8] = conv2d(x, w, -) {stride=[1,1], layout=last, …} named conv_1 from [conv_1]
 * output y as logits
 * state before from after = [0, 0]
 * ```
 * `-` is an absent input. A state starts with the numbers given, or with zeros. A body is an attribute's value that begins with
 * the word graph and its name and holds its own statements between braces. A constant stands before its first reader, as numbers or as base64 of its little-endian bytes;
 * with `elided` the long ones are left out, and the text is for reading only. Throws a diagnostic if constants are too
 * large for a text.
 */
export function printGraph(graph: Graph, { constants }: { readonly constants: "full" | "elided" }): string {
  const bytesLeft = constants === "full" ? { count: greatestText } : undefined;
  return [`graph ${printName(graph.name)}`, ...printStatements(graph, bytesLeft), ""].join("\n");
}

/** Bytes of constants that may still be written; undefined where long ones are left out. */
type BytesLeft = { count: number } | undefined;

function printStatements(graph: Graph, bytesLeft: BytesLeft): readonly string[] {
  const lines: string[] = [];
  const printed = new Set<Value>();
  const addConstants = (node: Node) => {
    for (const value of node.inputs) {
      if (value?.constant === undefined || printed.has(value)) continue;
      printed.add(value);
      const data = printData(value.constant, bytesLeft);
      lines.push(`constant ${printName(value.name)}: ${printType(value.type)} = ${data}`);
    }
  };
  for (const { name, type } of graph.inputs) lines.push(`input ${printName(name)}: ${printType(type)}`);
  for (const node of graph.nodes()) {
    addConstants(node);
    lines.push(printNode(node, bytesLeft));
  }
  addConstants(graph.results);
  graph.outputs.forEach(({ name }, index) => {
    const outer = graph.outputNames[index] ?? name;
    lines.push(`output ${printName(name)}${outer === name ? "" : ` as ${printName(outer)}`}`);
  });
  lines.push(...graph.states.map((state) => printState(state, bytesLeft)));
  return lines;
}

function printState({ input, output, initial }: State, bytesLeft: BytesLeft): string {
  const start = initial === undefined ? "" : ` = ${printData(initial, bytesLeft)}`;
  return `state ${printName(input)} from ${printName(output)}${start}`;
}

/** One node with the names and types of its results. */
function printNode({ op, name, inputs, outputs, attributes, origin }: Node, bytesLeft: BytesLeft): string {
  const results = outputs.map((value) => `${printName(value.name)}: ${printType(value.type)}`).join(", ");
  const operands = inputs.map((value) => (value === undefined ? "-" : printName(value.name))).join(", ");
  const named = name === outputs[0]?.name ? "" : ` named ${printName(name)}`;
  const from = origin.length === 0 ? "" : ` from [${origin.map(printName).join(", ")}]`;
  return `${results} = ${printName(op.name)}(${operands})${printAttributes(attributes, bytesLeft)}${named}${from}`;
}

/** Such as `f32[1,N,8]` or `i8[4]<scale=[0.5], zeroPoint=[-3]>`. */
export function printType({ dtype, shape, quantization }: ValueType): string {
  const plain = `${dtype}[${shape.map(printDimension).join(",")}]`;
  if (quantization === undefined) return plain;
  const { scale, zeroPoint, axis, block } = quantization;
  const parameters = [`scale=${printList(scale)}`, `zeroPoint=${printList(zeroPoint)}`];
  if (axis !== undefined) parameters.push(`axis=${axis}`);
  if (block !== undefined) parameters.push(`block=${block}`);
  return `${plain}<${parameters.join(", ")}>`;
}

function printAttributes(attributes: Attributes, bytesLeft: BytesLeft): string {
  const entries = Object.entries(attributes).map(
    ([name, value]) =>
      `${printName(name)}=${value instanceof Graph ? printBody(value, bytesLeft) : printAttribute(value)}`,
  );
  return entries.length === 0 ? "" : ` {${entries.join(", ")}}`;
}

function printBody(body: Graph, bytesLeft: BytesLeft): string {
  const lines = printStatements(body, bytesLeft).map((line) => `  ${line.replaceAll("\n", "\n  ")}\n`);
  return `graph ${printName(body.name)} {\n${lines.join("")}}`;
}

function printAttribute(value: Exclude<Attribute, Graph>): string {
  if (typeof value === "number") return printNumber(value);
  if (typeof value === "boolean") return `${value}`;
  if (typeof value === "string") return isPlainWord(value) ? value : JSON.stringify(value);
  return printList(value);
}

function isPlainWord(text: string): boolean {
  return wordPattern.test(text) && !["true", "false", "NaN", "Infinity", "graph"].includes(text);
}

function printList(items: readonly Dimension[]): string {
  return `[${items.map(printDimension).join(",")}]`;
}

function printDimension(size: Dimension): string {
  if (typeof size === "number") return printNumber(size);
  const bare = isSymbolicDimension(size) && size !== "NaN" && size !== "Infinity";
  return bare ? size : JSON.stringify(size);
}

function printNumber(value: number): string {
  return Object.is(value, -0) ? "-0" : `${value}`;
}

function printName(name: string): string {
  return isBareName(name) ? name : JSON.stringify(name);
}

/** Whether a name stands without quotes. */
export function isBareName(name: string): boolean {
  return name.length < 1024 && barePattern.test(name) && !keywords.includes(name);
}

function printData(tensor: Tensor, bytesLeft: BytesLeft): string {
  const { dtype, data } = tensor;
  if (bytesLeft !== undefined) {
    bytesLeft.count -= data.byteLength;
    if (bytesLeft.count < 0) failTooLarge();
  }
  const numbers = data.length <= longestList ? Array.from(numbersOf(tensor)) : [Number.NaN];
  if (!numbers.some(Number.isNaN)) {
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) return `[${data.join(", ")}]`;
    return `[${numbers.map(dtype === "f32" ? printSingle : printNumber).join(", ")}]`;
  }
  return bytesLeft === undefined ? "elided" : `base64 ${toBase64(bytesOf(tensor))}`;
}

/** The shortest digits that round to this float32. */
function printSingle(value: number): string {
  const digits = [6, 7, 8, 9].find((count) => Object.is(Math.fround(Number(value.toPrecision(count))), value));
  return printNumber(digits === undefined ? value : Number(value.toPrecision(digits)));
}

function failTooLarge(): never {
  fail("text.too-large", "The graph's constants are too large to be written as text.", {
    hint: "Print the graph with its constants elided.",
  });
}
