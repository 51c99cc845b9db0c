import { elementCount, fromNumbers, type Value } from "@millrace/ir";
import { gather, linear, mul, transpose } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { plain } from "./elementwise.ts";
import { formulaOf } from "./formula.ts";
import { reshaped } from "./weights.ts";

/** Which transform of how many elements; `parts` of the data is 1 for reals and 2 for complex numbers. */
interface Transform {
  /** Elements of the data, and elements that count; those beyond are left out, those missing are 0. */
  readonly size: number;
  readonly length: number;
  readonly parts: number;
  readonly inverse: boolean;
  readonly onesided: boolean;
}

/**
 * The transform as real weights [results · parts of a result, elements · parts of an element]. Results of a one-sided inverse are real: each
 * element but the first, and the middle one of an even length, stands for its conjugate as well.
 */
function transformWeights({ size, length, parts, inverse, onesided }: Transform) {
  const isReal = inverse && onesided;
  const results = onesided && !inverse ? Math.floor(length / 2) + 1 : length;
  const resultParts = isReal ? 1 : 2;
  const columns = size * parts;
  const weights = new Float32Array(results * resultParts * columns);
  const used = Math.min(size, isReal ? Math.floor(length / 2) + 1 : length);
  for (let to = 0; to < results; to++)
    for (let from = 0; from < used; from++) {
      const turn = (2 * Math.PI * ((to * from) % length)) / length;
      const twice = isReal && from > 0 && 2 * from !== length ? 2 : 1;
      const factor = inverse ? twice / length : 1;
      const [cosine, sine] = [factor * Math.cos(turn), factor * (inverse ? 1 : -1) * Math.sin(turn)];
      const at = to * resultParts * columns + from * parts;
      weights[at] = cosine;
      if (parts === 2) weights[at + 1] = -sine;
      if (resultParts === 1) continue;
      weights[at + columns] = sine;
      if (parts === 2) weights[at + columns + 1] = cosine;
    }
  return { weights, results, resultParts };
}

/** Matrices beyond this many elements take more memory than the signals they are for. */
const maximumWeights = 2 ** 26;

/** The transform of rows: of data [rows, size, parts] gives [rows, results, parts of a result]. */
function transformed(node: SourceNode, x: Value, transform: Transform): Value {
  const { size, length, parts } = transform;
  if (!(length >= 1 && 4 * size * length <= maximumWeights))
    node.unsupported(
      `a transform of ${size} elements to ${length} takes too large a matrix`,
      "Transform shorter pieces.",
    );
  node.reserve(16 * size * length);
  const { weights, results, resultParts } = transformWeights(transform);
  const matrix = node.constant(fromNumbers("f32", [results * resultParts, size * parts], weights));
  const rows = elementCount(x.type.shape.slice(0, -2));
  const product = node.emit(linear, [reshaped(node, x, [rows, size * parts]), matrix], plain);
  return reshaped(node, product, [...x.type.shape.slice(0, -2), results, resultParts]);
}

function knownSize(node: SourceNode, size: number | string): number {
  if (typeof size === "string")
    return node.unsupported(`the size ${size} of its axis is open`, `Give the size of ${size}.`);
  return size;
}

/** The discrete Fourier transform along an axis; the last axis is the parts of numbers. */
function fourier(node: SourceNode): Value {
  const { attributes } = node;
  const x = node.input(0);
  const { shape } = x.type;
  const rank = shape.length;
  const isInput = node.opset >= 20;
  const given = isInput ? (node.has(2) ? node.numbers(2)[0] : -2) : attributes.integer("axis", 1);
  const axis = node.axis(given, rank);
  if (axis === rank - 1) node.invalid("its axis is that of the parts of numbers");
  const [inverse, onesided] = [attributes.flag("inverse", false), attributes.flag("onesided", false)];
  const size = knownSize(node, shape[axis]);
  const length = node.has(1) ? node.numbers(1)[0] : inverse && onesided ? 2 * (size - 1) : size;
  const parts = shape[rank - 1] as number;
  const last = rank - 2;
  const permutation = [...shape.keys()].map((at) => (at === axis ? last : at === last ? axis : at));
  const turn = (value: Value) => (axis === last ? value : node.compute(transpose, [value], { permutation }));
  return turn(transformed(node, turn(x), { size, length, parts, inverse, onesided }));
}

/** Transforms of frames of a signal [batch, length, parts], one every `step` elements, each times a window: [batch, frames, results, 2]. */
function shortFourier(node: SourceNode): Value {
  const signal = node.input(0);
  const [batch, length = 0, parts = 1] = signal.type.shape;
  const [step] = node.numbers(1);
  const window = node.has(2) ? node.input(2) : undefined;
  const [size] = node.has(3) ? node.numbers(3) : [knownSize(node, window?.type.shape[0] ?? length)];
  const count = 1 + Math.floor((knownSize(node, length) - size) / step);
  if (!(step >= 1 && size >= 1 && count >= 1)) node.invalid(`it has frames of ${size} elements, one every ${step}`);
  node.reserve(8 * count * size);
  const places = Float64Array.from({ length: count * size }, (_, at) => Math.floor(at / size) * step + (at % size));
  const indices = node.constant(fromNumbers("i32", [count, size], places));
  const frames = node.compute(gather, [signal, indices], { axis: 1 });
  const weighted = window ? formulaOf(node)(mul, frames, reshaped(node, window, [size, 1])) : frames;
  const onesided = node.attributes.flag("onesided", true);
  const rows = reshaped(node, weighted, [batch, count, size, parts]);
  return transformed(node, rows, { size, length: size, parts: parts as number, inverse: false, onesided });
}

/** Transforms into frequencies. */
export const fouriers: Readonly<Record<string, Importer>> = { DFT: fourier, STFT: shortFourier };
