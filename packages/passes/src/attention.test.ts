import { cloneGraph, type Graph, type Value } from "@millrace/ir";
import { attention, div, matmul, slice, split, transpose } from "@millrace/ops";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { channelsLast, cleanUp } from "./pipelines.ts";
import { recognizeAttention } from "./recognize-attention.ts";
import { spellAttention } from "./spell-attention.ts";
import { difference, runChecked } from "./testing.ts";
import { histogram, NetworkBuilder } from "./testing-graphs.ts";

const [batch, length, heads, size] = [2, 5, 4, 3];
const width = heads * size;

/** Queries, keys and values of one linear layer with an axis for heads, and attention's result as a model's. */
class AttentionBuilder extends NetworkBuilder {
  transpose(x: Value, ...permutation: number[]): Value {
    return this.node(transpose, [x], { permutation });
  }

  product(a: Value, b: Value): Value {
    return this.node(matmul, [a, b], { transposeA: false, transposeB: false });
  }

  positive(name: string): Value {
    const value = this.constant(name, [1]);
    (value.constant!.data as Float32Array)[0] = 0.5;
    return value;
  }

  projected(): Value {
    return this.linear(this.input("x", [batch, length, width]), 3 * width);
  }

  /** One value for each index of the first axis, which a split or slices leave at 1 and a reshape drops. */
  apart(x: Value, sliced: boolean): readonly Value[] {
    const { shape } = x.type;
    const sizes = [1, ...shape.slice(1)];
    const steps = shape.map(() => 1);
    const parts = sliced
      ? [0, 1, 2].map((at) => this.node(slice, [x], { starts: [at, ...shape.slice(1).map(() => 0)], sizes, steps }))
      : this.node(split, [x], { axis: 0, sizes: [1, 1, 1] }).producer!.outputs;
    return parts.map((part) => this.reshape(part, shape.slice(1)));
  }

  /** [3, batch, heads, length, size]. */
  stacked(): Value {
    return this.transpose(this.reshape(this.projected(), [batch, length, 3, heads, size]), 2, 0, 3, 1, 4);
  }

  attended(shares: Value, value: Value): Graph {
    const joined = this.transpose(this.product(shares, value), 0, 2, 1, 3);
    return this.finish(this.linear(this.reshape(joined, [batch, length, width]), width));
  }
}

const forms: Record<string, (n: AttentionBuilder) => Graph> = {
  "queries that are scaled, parts of a split": (n) => {
    const [q, k, v] = n.apart(n.stacked(), false);
    const scores = n.product(n.mul(q, n.positive("scale")), n.transpose(k, 0, 1, 3, 2));
    return n.attended(n.softmax(scores), v);
  },
  "queries and keys that are scaled, slices": (n) => {
    const [q, k, v] = n.apart(n.stacked(), true);
    const flat = n.reshape(k, [batch * heads, length, size]);
    const keys = n.reshape(n.transpose(flat, 0, 2, 1), [batch, heads, size, length]);
    return n.attended(n.softmax(n.product(n.mul(q, n.positive("s")), n.mul(keys, n.positive("t")))), v);
  },
  "scores that are divided, heads split off each part of the last axis": (n) => {
    const parts = n.node(split, [n.projected()], { axis: 2, sizes: [width, width, width] }).producer!.outputs;
    const [q, k, v] = parts.map((part) => n.reshape(part, [batch, length, heads, size]));
    const scores = n.product(n.transpose(q, 0, 2, 1, 3), n.transpose(k, 0, 2, 3, 1));
    return n.attended(
      n.softmax(n.node(div, [scores, n.positive("d")], { activation: "none" })),
      n.transpose(v, 0, 2, 1, 3),
    );
  },
};

describe("attention as exporters write it out", () => {
  for (const [name, build] of Object.entries(forms)) {
    test(`${name}: heads are moved once before and once after, by nothing else than its products`, () => {
      const graph = build(new AttentionBuilder());
      runChecked(graph, [...cleanUp, ...channelsLast()]);
      const around = { linear: 2, reshape: 2, transpose: 2, split: 1 };
      expect(histogram(graph)).toEqual({ ...around, matmul: 2, softmax: 1 });
      runChecked(graph, [recognizeAttention]);
      expect(histogram(graph)).toEqual({ ...around, attention: 1 });
    });
  }

  test("an operator of its own moves heads no more often", () => {
    const n = new AttentionBuilder();
    const parts = n.node(split, [n.projected()], { axis: 2, sizes: [width, width, width] }).producer!.outputs;
    const inputs = parts.map((part) => n.transpose(n.reshape(part, [batch, length, heads, size]), 0, 2, 1, 3));
    const joined = n.transpose(n.node(attention, inputs, { scale: 0.5 }), 0, 2, 1, 3);
    const graph = n.finish(n.linear(n.reshape(joined, [batch, length, width]), width));
    runChecked(graph, [...cleanUp, ...channelsLast()]);
    expect(histogram(graph)).toEqual({ linear: 2, reshape: 2, transpose: 2, split: 1, attention: 1 });
  });

  test("a constant mask is added to scores that are scaled later", () => {
    const n = new AttentionBuilder();
    const [q, k, v] = n.apart(n.stacked(), false);
    const scores = n.mul(n.product(q, n.transpose(k, 0, 1, 3, 2)), n.positive("scale"));
    const graph = n.attended(n.softmax(n.add(scores, n.constant("mask", [length, length]))), v);
    runChecked(graph, [...cleanUp, ...channelsLast(), recognizeAttention]);
    expect(histogram(graph)).toEqual({ linear: 2, reshape: 2, transpose: 2, split: 1, attention: 1 });
  });
});

const few = fc.integer({ min: 1, max: 4 });

/** Attention of some shapes, with or without a mask; its scale is a power of two, so that masks are scaled without rounding. */
const attentions = fc.record({
  batch: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
  sizes: fc.record({ length: few, span: few, size: few, width: few }),
  shared: fc.boolean(),
  mask: fc.constantFrom("none", "constant", "computed"),
  row: fc.boolean(),
  scale: fc.constantFrom(0.125, 0.5, 1, 2),
});

test("attention that is written out is recognized as what it was", () => {
  fc.assert(
    fc.property(attentions, ({ batch, sizes: { length, span, size, width }, shared, mask, row, scale }) => {
      const n = new NetworkBuilder();
      const kept = shared ? [] : batch;
      const query = n.input("query", [...batch, length, size]);
      const key = n.input("key", [...kept, span, size]);
      const value = n.input("value", [...kept, span, width]);
      const shape = row ? [span] : [...batch, length, span];
      const added = { none: [], constant: [n.constant("mask", shape)], computed: [n.input("mask", shape)] }[mask];
      const graph = n.finish(n.node(attention, [query, key, value, ...added!], { scale }));
      const before = cloneGraph(graph).graph;
      runChecked(graph, [spellAttention]);
      expect(histogram(graph)).toMatchObject({ matmul: 2, softmax: 1 });
      runChecked(graph, [recognizeAttention]);
      expect(difference(graph, before)).toBeUndefined();
    }),
    { numRuns: 100, seed: 1 },
  );
});
