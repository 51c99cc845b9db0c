import { type Graph, numbersOf, type Tensor, type Value } from "@millrace/ir";
import type { Engine } from "@millrace/runtime";

/** How far an integer result is from the float one over all samples: 10·log10(Σ float² / Σ (float - integer)²), in dB. */
export interface LayerError {
  readonly name: string;
  readonly sqnrDb: number;
}

/** Runs both graphs on the samples and compares every quantized result with the float value of the same name. */
export async function compareLayers(
  reference: { readonly graph: Graph; readonly engine: Engine },
  quantized: { readonly graph: Graph; readonly engine: Engine },
  samples: AsyncIterable<{
    readonly reference: ReadonlyMap<string, Tensor>;
    readonly quantized: ReadonlyMap<string, Tensor>;
  }>,
): Promise<readonly LayerError[]> {
  const results = new Map(
    [...reference.graph.nodes()].flatMap(({ outputs }) => outputs.map((value) => [value.name, value] as const)),
  );
  const pairs = [...quantized.graph.nodes()].flatMap(({ outputs }) =>
    outputs.flatMap((value) => {
      const twin = results.get(value.name);
      return twin && value.type.quantization ? [{ value, twin, signal: 0, noise: 0 }] : [];
    }),
  );
  const float = await reference.engine.prepare(
    reference.graph,
    pairs.map(({ twin }) => twin),
  );
  const integer = await quantized.engine.prepare(
    quantized.graph,
    pairs.map(({ value }) => value),
  );
  try {
    for await (const feeds of samples) {
      const expected = await float.run(feeds.reference);
      const actual = await integer.run(feeds.quantized);
      for (const pair of pairs) accumulate(pair, expected.get(pair.twin.name)!, actual.get(pair.value.name)!);
    }
  } finally {
    await float.dispose();
    await integer.dispose();
  }
  return pairs.map(({ value, signal, noise }) => ({ name: value.name, sqnrDb: ratioInDecibels(signal, noise) }));
}

function accumulate(pair: { value: Value; signal: number; noise: number }, expected: Tensor, actual: Tensor): void {
  const [scale] = pair.value.type.quantization!.scale;
  const [zeroPoint] = pair.value.type.quantization!.zeroPoint;
  const [float, integer] = [numbersOf(expected), numbersOf(actual)];
  for (let index = 0; index < float.length; index++) {
    const error = float[index] - (integer[index] - zeroPoint) * scale;
    pair.signal += float[index] * float[index];
    pair.noise += error * error;
  }
}

function ratioInDecibels(signal: number, noise: number): number {
  if (noise === 0) return 200;
  return signal === 0 ? 0 : 10 * Math.log10(signal / noise);
}
