import { fromNumbers, Graph, type Node, type Operator, type Shape, type Value } from "@millrace/ir";
import {
  add,
  averagePool2d,
  batchNorm,
  clamp,
  concat,
  conv2d,
  linear,
  maxPool2d,
  mean,
  mul,
  pad,
  reshape,
  softmax,
} from "@millrace/ops";
import { numberStream, randomTensor } from "./testing.ts";

/** Writes small channel-first networks the way exporters do. */
export class NetworkBuilder {
  readonly graph = new Graph("network");
  readonly #next = numberStream(3);

  input(name: string, shape: Shape): Value {
    return this.graph.addInput(name, { dtype: "f32", shape });
  }

  constant(name: string, shape: readonly number[]): Value {
    return this.graph.addConstant(name, randomTensor(shape, this.#next));
  }

  node(op: Operator, inputs: readonly (Value | undefined)[], attributes: Node["attributes"] = {}): Value {
    const name = `${op.name}_${this.graph.size}`;
    return this.graph.addNode({ op, inputs, attributes, name, origin: [name] }).outputs[0];
  }

  conv(
    x: Value,
    outputs: number,
    size: number,
    options: { stride?: number; padding?: number; groups?: number } = {},
  ): Value {
    const { stride = 1, padding = 0, groups = 1 } = options;
    const channels = x.type.shape[1] as number;
    const weights = this.constant(`w${this.graph.size}`, [outputs, channels / groups, size, size]);
    const bias = this.constant(`b${this.graph.size}`, [outputs]);
    return this.node(conv2d, [x, weights, bias], {
      stride: [stride, stride],
      dilation: [1, 1],
      padding: [padding, padding, padding, padding],
      groups,
      layout: "first",
      activation: "none",
    });
  }

  batchNorm(x: Value): Value {
    const channels = x.type.shape[1] as number;
    const vector = (name: string) => this.constant(name, [channels]);
    const variance = this.graph.addConstant(
      "variance",
      fromNumbers("f32", [channels], new Float64Array(channels).fill(0.7)),
    );
    return this.node(batchNorm, [x, vector("scale"), vector("offset"), vector("mean"), variance], {
      epsilon: 1e-5,
      axis: 1,
    });
  }

  relu(x: Value, maximum = Number.POSITIVE_INFINITY): Value {
    return this.node(clamp, [x], { minimum: 0, maximum });
  }

  add(a: Value, b: Value): Value {
    return this.node(add, [a, b], { activation: "none" });
  }

  mul(a: Value, b: Value): Value {
    return this.node(mul, [a, b], { activation: "none" });
  }

  pad(x: Value, top: number, left: number, bottom: number, right: number): Value {
    return this.node(pad, [x], { before: [0, 0, top, left], after: [0, 0, bottom, right], mode: "constant", value: 0 });
  }

  maxPool(x: Value, size: number): Value {
    return this.node(maxPool2d, [x], {
      kernel: [size, size],
      stride: [size, size],
      dilation: [1, 1],
      padding: [0, 0, 0, 0],
      layout: "first",
      activation: "none",
    });
  }

  averagePool(x: Value, size: number): Value {
    return this.node(averagePool2d, [x], {
      kernel: [size, size],
      stride: [size, size],
      padding: [0, 0, 0, 0],
      countPadding: false,
      layout: "first",
      activation: "none",
    });
  }

  concat(values: readonly Value[], axis = 1): Value {
    return this.node(concat, values, { axis });
  }

  globalMean(x: Value): Value {
    return this.node(mean, [x], { axes: [2, 3], keepDims: true });
  }

  reshape(x: Value, shape: Shape): Value {
    return this.node(reshape, [x], { shape });
  }

  linear(x: Value, outputs: number): Value {
    const weights = this.constant(`w${this.graph.size}`, [outputs, x.type.shape.at(-1) as number]);
    return this.node(linear, [x, weights, this.constant(`b${this.graph.size}`, [outputs])], { activation: "none" });
  }

  softmax(x: Value): Value {
    return this.node(softmax, [x], { axis: x.type.shape.length - 1, beta: 1 });
  }

  finish(...outputs: readonly Value[]): Graph {
    this.graph.setOutputs(outputs);
    return this.graph;
  }
}

/** Operators of a graph, counted. */
export function histogram(graph: Graph): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { op } of graph.nodes()) counts[op.name] = (counts[op.name] ?? 0) + 1;
  return counts;
}
