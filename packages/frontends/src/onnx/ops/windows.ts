import { fromNumbers, type Value } from "@millrace/ir";
import type { Importer, SourceNode } from "../source-node.ts";

/** A sum of cosines over a turn; one that isn't periodic ends where it starts. */
function windowOf(...terms: readonly number[]): Importer {
  return (node) => {
    const dtype = node.elementType(node.attributes.integer("output_datatype", 1));
    const [size] = node.numbers(0);
    const period = node.attributes.flag("periodic", true) ? size : size - 1;
    if (!(Number.isInteger(size) && size >= 0)) node.invalid(`its size is ${size}`);
    node.reserve(16 * size);
    const height = (at: number) =>
      terms.reduce((sum, term, order) => sum + term * Math.cos((2 * Math.PI * order * at) / Math.max(1, period)), 0);
    return node.constant(
      fromNumbers(
        dtype,
        [size],
        Float64Array.from({ length: size }, (_, at) => height(at)),
      ),
    );
  };
}

const mels = (hertz: number) => 2595 * Math.log10(1 + hertz / 700);
const hertz = (mel: number) => 700 * (10 ** (mel / 2595) - 1);

/** Weights [frequencies, bins] of triangles that are spaced evenly in mels between two frequencies. */
function melWeights(node: SourceNode): Value {
  const [bins, length, rate, lowest, highest] = [0, 1, 2, 3, 4].map((index) => node.numbers(index)[0]);
  const dtype = node.elementType(node.attributes.integer("output_datatype", 1));
  const frequencies = Math.floor(length / 2) + 1;
  if (!(bins >= 1 && length >= 1 && rate > 0))
    node.invalid(`it has ${bins} bins of ${length} elements at ${rate} a second`);
  node.reserve(16 * bins * frequencies);
  const [low, high] = [mels(lowest), mels(highest)];
  const edge = (index: number) => Math.floor(((length + 1) * hertz(low + (index * (high - low)) / (bins + 2))) / rate);
  const weights = new Float64Array(frequencies * bins);
  for (let bin = 0; bin < bins; bin++) {
    const [left, centre, right] = [edge(bin), edge(bin + 1), edge(bin + 2)];
    for (let at = Math.max(0, left); at <= Math.min(right, frequencies - 1); at++)
      weights[at * bins + bin] = triangleAt(at, left, centre, right);
  }
  return node.constant(fromNumbers(dtype, [frequencies, bins], weights));
}

/** Rises from 0 at `left` to 1 at `centre` and falls to 0 at `right`. */
function triangleAt(at: number, left: number, centre: number, right: number): number {
  if (at === centre) return 1;
  return at < centre ? (at - left) / (centre - left) : (right - at) / (right - centre);
}

/** Constants that signal processing multiplies by. */
export const windows: Readonly<Record<string, Importer>> = {
  HannWindow: windowOf(0.5, -0.5),
  HammingWindow: windowOf(25 / 46, -21 / 46),
  BlackmanWindow: windowOf(0.42, -0.5, 0.08),
  MelWeightMatrix: melWeights,
};
