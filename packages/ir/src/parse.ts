import { fromBase64 } from "./base64.ts";
import { deepestNesting } from "./bodies.ts";
import { Cursor } from "./cursor.ts";
import type { Dimension } from "./dimension.ts";
import { isSymbolicDimension } from "./dimension-text.ts";
import { allocate, type DType, integerRange, isDType, isFloat } from "./dtype.ts";
import { Graph } from "./graph.ts";
import type { State, Value, ValueType } from "./node.ts";
import type { Attribute, Attributes, Operator } from "./operator.ts";
import { isBareName } from "./print.ts";
import type { Quantization } from "./quantization.ts";
import { elementCount, isStatic, printShape, type Shape } from "./shape.ts";
import { fromNumbers, type Tensor, viewBytes } from "./tensor.ts";

const delimiters = /[\s,:=()[\]{}<>"]/g;
const itemEnds = /[,\]\n]/g;
const space = /\s/g;
const numberPattern = /^-?(\d+(\.\d+)?(e[+-]?\d+)?|Infinity)$|^NaN$/;
const longestNumber = 40;

interface Reading {
  readonly cursor: Cursor;
  readonly operators: ReadonlyMap<string, Operator>;
  /** How many graphs this one stands within. */
  readonly depth: number;
  readonly graph: Graph;
  readonly values: Map<string, Value>;
  readonly outputs: Value[];
  readonly outputNames: string[];
  readonly states: State[];
}

const statements: Readonly<Record<string, (reading: Reading) => void>> = {
  input(reading) {
    const name = newName(reading, new Set());
    reading.cursor.expect(":");
    reading.values.set(name, reading.graph.addInput(name, readType(reading.cursor)));
  },
  constant(reading) {
    const { cursor, graph, values } = reading;
    const name = newName(reading, new Set());
    cursor.expect(":");
    const type = readType(cursor);
    cursor.expect("=");
    values.set(name, graph.addConstant(name, readData(cursor, type), type.quantization));
  },
  output(reading) {
    const { cursor, outputs, outputNames } = reading;
    const value = readValue(reading);
    outputs.push(value);
    outputNames.push(acceptWord(cursor, "as") ? readName(cursor) : value.name);
  },
  state(reading) {
    const { cursor, states } = reading;
    const { name: input, type } = readValue(reading);
    if (!acceptWord(cursor, "from")) cursor.fail("text.syntax", "here should be the word from and an output's name");
    const output = readName(cursor);
    states.push({ input, output, ...(cursor.accept("=") && { initial: readData(cursor, type) }) });
  },
};

/**
 * The graph that a text of `printGraph` describes, with `operators` by name. The text's form is checked, its meaning is
 * not: see `verify`. Throws a diagnostic that tells line and column. Linear in the text.
 */
export function parseGraph(text: string, operators: ReadonlyMap<string, Operator>): Graph {
  const cursor = new Cursor(text);
  if (!acceptWord(cursor, "graph")) cursor.fail("text.syntax", "a graph begins with the word graph and its name");
  return readGraph({ cursor, operators, depth: 0 }, () => cursor.atEnd);
}

/** The graph whose name comes next, with the statements up to the end. */
function readGraph(base: Pick<Reading, "cursor" | "operators" | "depth">, ends: () => boolean): Graph {
  const graph = new Graph(readName(base.cursor));
  if (base.depth > 0) base.cursor.expect("{");
  const reading: Reading = { ...base, graph, values: new Map(), outputs: [], outputNames: [], states: [] };
  while (!ends()) {
    const statement = Object.keys(statements).find((word) => acceptWord(base.cursor, word));
    if (statement) statements[statement](reading);
    else readNode(reading);
  }
  graph.setOutputs(reading.outputs, reading.outputNames);
  graph.states = reading.states;
  return graph;
}

function readBody({ cursor, operators, depth }: Reading): Graph {
  if (depth === deepestNesting)
    cursor.fail("text.nesting", `graphs stand at most ${deepestNesting} deep in each other`);
  return readGraph({ cursor, operators, depth: depth + 1 }, () => cursor.accept("}"));
}

function readNode(reading: Reading): void {
  const { cursor, graph, operators, values } = reading;
  const names = new Set<string>();
  const types: ValueType[] = [];
  if (!cursor.accept("=")) {
    do {
      names.add(newName(reading, names));
      cursor.expect(":");
      types.push(readType(cursor));
    } while (cursor.accept(","));
    cursor.expect("=");
  }
  const place = cursor.place;
  const opName = readName(cursor);
  const op = operators.get(opName) ?? cursor.fail("text.unknown-operator", `there is no operator ${opName}`, place);
  const inputs = cursor.list("(", ")", () => (cursor.accept("-") ? undefined : readValue(reading)));
  const attributes = readAttributes(reading);
  const outputNames = [...names];
  const name = acceptWord(cursor, "named") ? readName(cursor) : (outputNames[0] ?? op.name);
  const origin = acceptWord(cursor, "from") ? cursor.list("[", "]", () => readName(cursor)) : [];
  const node = graph.addNode({ op, inputs, attributes, name, origin, outputNames, outputTypes: types });
  for (const value of node.outputs) values.set(value.name, value);
}

/** Reads the word if it comes next, whole and without quotes. */
function acceptWord(cursor: Cursor, word: string): boolean {
  return cursor.accept(word, delimiters);
}

function readName(cursor: Cursor): string {
  const quoted = cursor.quoted();
  if (quoted !== undefined) return quoted;
  const place = cursor.place;
  const name = cursor.until(delimiters);
  return isBareName(name) ? name : cursor.fail("text.syntax", "here should be a name", place);
}

function newName({ cursor, values }: Reading, others: ReadonlySet<string>): string {
  const place = cursor.place;
  const name = readName(cursor);
  if (values.has(name) || others.has(name)) {
    cursor.fail("text.duplicate-name", `there is a value called ${name} already`, place);
  }
  return name;
}

function readValue({ cursor, values }: Reading): Value {
  const place = cursor.place;
  const name = readName(cursor);
  return values.get(name) ?? cursor.fail("text.unknown-value", `there is no value ${name} yet`, place);
}

function readType(cursor: Cursor): ValueType {
  const place = cursor.place;
  const dtype = cursor.until(delimiters);
  if (!isDType(dtype)) cursor.fail("text.syntax", `${dtype || "nothing"} is no element type`, place);
  const shape = cursor.list("[", "]", () => readSize(cursor));
  const quantization = cursor.accept("<") ? readQuantization(cursor) : undefined;
  return { dtype, shape, ...(quantization && { quantization }) };
}

function readSize(cursor: Cursor): Dimension {
  const place = cursor.place;
  const size = readItem(cursor);
  const fits = typeof size === "number" ? Number.isSafeInteger(size) && size >= 0 : isSymbolicDimension(size);
  return fits ? size : cursor.fail("text.syntax", "here should be a size", place);
}

function readQuantization(cursor: Cursor): Quantization {
  const read = <T>(name: string, readValue: () => T) => {
    cursor.expect(name);
    cursor.expect("=");
    return readValue();
  };
  const numbers = () => cursor.list("[", "]", () => readNumber(cursor));
  const scale = read("scale", numbers);
  cursor.expect(",");
  const zeroPoint = read("zeroPoint", numbers);
  const axis = cursor.accept(",") ? read("axis", () => readNumber(cursor)) : undefined;
  const block = axis !== undefined && cursor.accept(",") ? read("block", () => readNumber(cursor)) : undefined;
  cursor.expect(">");
  return { scale, zeroPoint, ...(axis !== undefined && { axis }), ...(block !== undefined && { block }) };
}

function readAttributes(reading: Reading): Attributes {
  const { cursor } = reading;
  if (!cursor.accept("{")) return {};
  const attributes = new Map<string, Attribute>();
  do {
    const place = cursor.place;
    const name = readName(cursor);
    if (attributes.has(name)) cursor.fail("text.duplicate-name", `there is an attribute ${name} already`, place);
    cursor.expect("=");
    attributes.set(name, acceptWord(cursor, "graph") ? readBody(reading) : readAttribute(cursor));
  } while (cursor.accept(","));
  cursor.expect("}");
  return Object.fromEntries(attributes);
}

function readAttribute(cursor: Cursor): Attribute {
  const quoted = cursor.quoted();
  if (quoted !== undefined) return quoted;
  if (cursor.comes("[")) return cursor.list("[", "]", () => readItem(cursor)) as readonly Dimension[];
  const place = cursor.place;
  const word = cursor.until(delimiters);
  if (word === "true" || word === "false") return word === "true";
  if (isNumber(word)) return Number(word);
  return /^[A-Za-z_]/.test(word) ? word : cursor.fail("text.syntax", "here should be a value", place);
}

/** A number or a symbolic size in a list. */
function readItem(cursor: Cursor): Dimension {
  const quoted = cursor.quoted();
  if (quoted !== undefined) return quoted;
  const place = cursor.place;
  const text = cursor.until(itemEnds).trimEnd();
  if (isNumber(text)) return Number(text);
  return isSymbolicDimension(text) ? text : cursor.fail("text.syntax", "here should be a number or a size", place);
}

function readNumber(cursor: Cursor): number {
  const place = cursor.place;
  const text = cursor.until(delimiters);
  return isNumber(text) ? Number(text) : cursor.fail("text.syntax", "here should be a number", place);
}

function isNumber(text: string): boolean {
  return text.length <= longestNumber && numberPattern.test(text);
}

function readData(cursor: Cursor, { dtype, shape }: ValueType): Tensor {
  const place = cursor.place;
  if (!isStatic(shape)) cursor.fail("text.syntax", `a constant can't have the shape ${printShape(shape)}`, place);
  if (acceptWord(cursor, "elided")) {
    cursor.fail("text.elided", "the data of this constant was left out, so the graph can't be read back", place);
  }
  if (acceptWord(cursor, "base64")) return readBytes(cursor, dtype, shape);
  const wide = dtype === "i64" || dtype === "u64";
  const items = cursor.list("[", "]", () => (wide ? readWide(cursor, dtype) : readElement(cursor, dtype)));
  checkCount(cursor, items.length, shape, place);
  if (!wide) return fromNumbers(dtype, shape, items as number[]);
  const data = allocate(dtype, items.length) as BigInt64Array;
  data.set(items as bigint[]);
  return { dtype, shape, data };
}

function readBytes(cursor: Cursor, dtype: DType, shape: readonly number[]): Tensor {
  const place = cursor.place;
  const bytes = fromBase64(cursor.until(space));
  if (bytes === undefined) cursor.fail("text.syntax", "this is no base64", place);
  checkCount(cursor, bytes.length / allocate(dtype, 0).BYTES_PER_ELEMENT, shape, place);
  return viewBytes(dtype, shape, bytes);
}

function checkCount(cursor: Cursor, count: number, shape: Shape, place: number): void {
  const wanted = elementCount(shape);
  if (count === wanted) return;
  cursor.fail("text.syntax", `${printShape(shape)} has ${wanted} elements, but ${count} are given`, place);
}

function readElement(cursor: Cursor, dtype: DType): number {
  const place = cursor.place;
  const value = readNumber(cursor);
  const [low, high] = integerRange(dtype);
  const fits = isFloat(dtype) || (Number.isInteger(value) && value >= low && value <= high);
  return fits ? value : cursor.fail("text.syntax", `${value} does not fit ${dtype}`, place);
}

function readWide(cursor: Cursor, dtype: DType): bigint {
  const place = cursor.place;
  const text = cursor.until(delimiters);
  const value = /^-?\d{1,20}$/.test(text) ? BigInt(text) : undefined;
  const fits =
    value !== undefined && (dtype === "i64" ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value)) === value;
  return fits ? value : cursor.fail("text.syntax", `here should be a number that fits ${dtype}`, place);
}
