import type { PassExample } from "./pass.ts";

/** Attention that is written out, in the forms exporters have for it, and what is none. */
export const attentionExamples: readonly PassExample[] = [
  {
    name: "scores that softmax scales, with a constant mask",
    before: `
      input q: f32[2,3,4]
      input k: f32[2,5,4]
      input v: f32[2,5,6]
      s: f32[2,3,5] = matmul(q, k) {transposeA=false, transposeB=true} from [scores]
      constant mask: f32[5] = [0, 0, 0, -8, -Infinity]
      m: f32[2,3,5] = add(mask, s) {activation=none} from [mask]
      p: f32[2,3,5] = softmax(m) {axis=2, beta=0.5} from [shares]
      y: f32[2,3,6] = matmul(p, v) {transposeA=false, transposeB=false} from [values]
      output y`,
    after: `
      input q: f32[2,3,4]
      input k: f32[2,5,4]
      input v: f32[2,5,6]
      constant mask: f32[5] = [0, 0, 0, -4, -Infinity]
      y: f32[2,3,6] = attention(q, k, v, mask) {scale=0.5} from [scores, mask, shares, values]
      output y`,
  },
  {
    name: "queries, keys and scores that are scaled before a mask that is computed",
    before: `
      input q: f32[3,4]
      input k: f32[5,4]
      input v: f32[5,6]
      input mask: f32[3,1]
      constant half: f32[] = [0.5]
      a: f32[3,4] = mul(q, half) {activation=none}
      b: f32[5,4] = mul(k, half) {activation=none}
      s: f32[3,5] = matmul(a, b) {transposeA=false, transposeB=true}
      t: f32[3,5] = mul(s, half) {activation=none}
      m: f32[3,5] = add(t, mask) {activation=none}
      p: f32[3,5] = softmax(m) {axis=1, beta=1}
      y: f32[3,6] = matmul(p, v) {transposeA=false, transposeB=false}
      output y`,
    after: `
      input q: f32[3,4]
      input k: f32[5,4]
      input v: f32[5,6]
      input mask: f32[3,1]
      y: f32[3,6] = attention(q, k, v, mask) {scale=0.125}
      output y`,
  },
  {
    name: "keys of one head for all",
    before: `
      input q: f32[2,3,4]
      input k: f32[5,4]
      s: f32[2,3,5] = matmul(q, k) {transposeA=false, transposeB=true}
      p: f32[2,3,5] = softmax(s) {axis=2, beta=1}
      y: f32[2,3,4] = matmul(p, k) {transposeA=false, transposeB=false}
      output y`,
    after: `
      input q: f32[2,3,4]
      input k: f32[5,4]
      y: f32[2,3,4] = attention(q, k, k) {scale=1}
      output y`,
  },
  {
    name: "masks that are added while axes are apart that the product has as one",
    before: `
      input q: f32[4,3,2]
      input k: f32[4,3,2]
      input bias: f32[2,2,1,3]
      s: f32[4,3,3] = matmul(q, k) {transposeA=false, transposeB=true}
      a: f32[2,2,3,3] = reshape(s) {shape=[2,2,3,3]}
      b: f32[2,2,3,3] = add(bias, a) {activation=none}
      constant mask: f32[1,1,3] = [0, -2, -4]
      m: f32[2,2,3,3] = add(b, mask) {activation=none}
      p: f32[2,2,3,3] = softmax(m) {axis=3, beta=1}
      r: f32[4,3,3] = reshape(p) {shape=[4,3,3]}
      y: f32[4,3,2] = matmul(r, k) {transposeA=false, transposeB=false} named values
      output y`,
    after: `
      input q: f32[4,3,2]
      input k: f32[4,3,2]
      input bias: f32[2,2,1,3]
      bias_reshape: f32[4,1,3] = reshape(bias) {shape=[4,1,3]}
      constant mask: f32[1,1,3] = [0, -2, -4]
      values/add: f32[4,1,3] = add(bias_reshape, mask) {activation=none}
      y: f32[4,3,2] = attention(q, k, k, values/add) {scale=1} named values
      output y`,
  },
  {
    name: "scores that the lowest number takes the place of",
    before: `
      input q: f32[3,4]
      input k: f32[5,4]
      input kept: bool[1,5]
      s: f32[3,5] = matmul(q, k) {transposeA=false, transposeB=true}
      constant low: f32[] = [-Infinity]
      m: f32[3,5] = select(kept, s, low)
      p: f32[3,5] = softmax(m) {axis=1, beta=0.5}
      y: f32[3,4] = matmul(p, k) {transposeA=false, transposeB=false}
      output y`,
    after: `
      input q: f32[3,4]
      input k: f32[5,4]
      input kept: bool[1,5]
      constant zero: f32[] = [0]
      constant low: f32[] = [-Infinity]
      m_1: f32[1,5] = select(kept, zero, low) named m
      y: f32[3,4] = attention(q, k, k, m_1) {scale=0.5}
      output y`,
  },
  {
    name: "shares that are made 0 where all scores of a row are masked",
    before: `
      input q: f32[3,4]
      input k: f32[5,4]
      input mask: f32[3,5]
      s: f32[3,5] = matmul(q, k) {transposeA=false, transposeB=true}
      m: f32[3,5] = add(s, mask) {activation=none}
      p: f32[3,5] = softmax(m) {axis=1, beta=1}
      n: bool[3,5] = notEqual(p, p)
      constant zero: f32[] = [0]
      r: f32[3,5] = select(n, zero, p)
      y: f32[3,4] = matmul(r, k) {transposeA=false, transposeB=false}
      output y`,
    after: `
      input q: f32[3,4]
      input k: f32[5,4]
      input mask: f32[3,5]
      y/attention: f32[3,4] = attention(q, k, k, mask) {scale=1}
      y/notEqual: bool[3,4] = notEqual(y/attention, y/attention)
      constant zero: f32[] = [0]
      y: f32[3,4] = select(y/notEqual, zero, y/attention)
      output y`,
  },
  {
    name: "the same as PyTorch writes it",
    before: `
      input q: f32[3,4]
      input k: f32[5,4]
      s: f32[3,5] = matmul(q, k) {transposeA=false, transposeB=true}
      constant low: f32[] = [-Infinity]
      e: bool[3,5] = equal(s, low)
      l: bool[3,5] = logicalNot(e)
      a: bool[3,1] = reduceAny(l) {axes=[1], keepDims=true}
      n: bool[3,1] = logicalNot(a)
      p: f32[3,5] = softmax(s) {axis=1, beta=1}
      constant zero: f32[1,5] = [0, 0, 0, 0, 0]
      r: f32[3,5] = select(n, zero, p)
      y: f32[3,4] = matmul(r, k) {transposeA=false, transposeB=false}
      output y`,
    after: `
      input q: f32[3,4]
      input k: f32[5,4]
      y: f32[3,4] = attention(q, k, k) {scale=1}
      output y`,
  },
  {
    name: "the same with a mask that leaves a score in every row",
    before: `
      input q: f32[2,4]
      input k: f32[2,4]
      s: f32[2,2] = matmul(q, k) {transposeA=false, transposeB=true}
      constant mask: f32[2,2] = [0, -Infinity, 0, 0]
      m: f32[2,2] = add(s, mask) {activation=none}
      p: f32[2,2] = softmax(m) {axis=1, beta=1}
      n: bool[2,2] = notEqual(p, p)
      constant zero: f32[] = [0]
      r: f32[2,2] = select(n, zero, p)
      y: f32[2,4] = matmul(r, k) {transposeA=false, transposeB=false}
      output y`,
    after: `
      input q: f32[2,4]
      input k: f32[2,4]
      constant mask: f32[2,2] = [0, -Infinity, 0, 0]
      y: f32[2,4] = attention(q, k, k, mask) {scale=1}
      output y`,
  },
  {
    name: "scores that a number takes the place of beside which others would show",
    before: `
      input q: f32[3,4]
      input k: f32[5,4]
      input kept: bool[1,5]
      s: f32[3,5] = matmul(q, k) {transposeA=false, transposeB=true}
      constant low: f32[] = [-10000]
      m: f32[3,5] = select(kept, s, low)
      p: f32[3,5] = softmax(m) {axis=1, beta=1}
      y: f32[3,4] = matmul(p, k) {transposeA=false, transposeB=false}
      output y`,
  },
  {
    name: "a mask of one of two axes that the product has as one",
    before: `
      input q: f32[4,3,2]
      input k: f32[4,3,2]
      input mask: f32[2,1,1,3]
      s: f32[4,3,3] = matmul(q, k) {transposeA=false, transposeB=true}
      a: f32[2,2,3,3] = reshape(s) {shape=[2,2,3,3]}
      m: f32[2,2,3,3] = add(a, mask) {activation=none}
      p: f32[2,2,3,3] = softmax(m) {axis=3, beta=1}
      r: f32[4,3,3] = reshape(p) {shape=[4,3,3]}
      y: f32[4,3,2] = matmul(r, k) {transposeA=false, transposeB=false}
      output y`,
  },
  {
    name: "scores whose queries and keys a reshape mixes",
    before: `
      input q: f32[2,6]
      input k: f32[3,6]
      input v: f32[2,1]
      s: f32[2,3] = matmul(q, k) {transposeA=false, transposeB=true}
      m: f32[3,2] = reshape(s) {shape=[3,2]}
      p: f32[3,2] = softmax(m) {axis=1, beta=1}
      y: f32[3,1] = matmul(p, v) {transposeA=false, transposeB=false}
      output y`,
  },
  {
    name: "shares that the model gives too",
    before: `
      input q: f32[3,4]
      input k: f32[5,4]
      s: f32[3,5] = matmul(q, k) {transposeA=false, transposeB=true}
      p: f32[3,5] = softmax(s) {axis=1, beta=1}
      y: f32[3,4] = matmul(p, k) {transposeA=false, transposeB=false}
      output y
      output p`,
    noted: "something else reads the scores of its attention too",
  },
  {
    name: "scores that are read elsewhere",
    before: `
      input q: f32[3,4]
      input k: f32[3,4]
      s: f32[3,3] = matmul(q, k) {transposeA=false, transposeB=true}
      p: f32[3,3] = softmax(s) {axis=1, beta=1}
      y: f32[3,4] = matmul(p, k) {transposeA=false, transposeB=false}
      z: f32[3,4] = matmul(s, k) {transposeA=false, transposeB=false}
      output y
      output z`,
    noted: "something else reads the scores of its attention too",
  },
  {
    name: "a softmax along the queries",
    before: `
      input q: f32[3,4]
      input k: f32[3,4]
      s: f32[3,3] = matmul(q, k) {transposeA=false, transposeB=true}
      p: f32[3,3] = softmax(s) {axis=0, beta=1}
      y: f32[3,4] = matmul(p, k) {transposeA=false, transposeB=false}
      output y`,
  },
  {
    name: "a mask that softmax scales and that is computed",
    before: `
      input q: f32[3,4]
      input k: f32[5,4]
      input mask: f32[3,5]
      s: f32[3,5] = matmul(q, k) {transposeA=false, transposeB=true}
      m: f32[3,5] = add(s, mask) {activation=none}
      p: f32[3,5] = softmax(m) {axis=1, beta=0.5}
      y: f32[3,4] = matmul(p, k) {transposeA=false, transposeB=false}
      output y`,
  },
  {
    name: "a mask that makes scores of one batch those of several",
    before: `
      input q: f32[3,4]
      input k: f32[5,4]
      input mask: f32[2,3,5]
      s: f32[3,5] = matmul(q, k) {transposeA=false, transposeB=true}
      m: f32[2,3,5] = add(s, mask) {activation=none}
      p: f32[2,3,5] = softmax(m) {axis=2, beta=1}
      y: f32[2,3,4] = matmul(p, k) {transposeA=false, transposeB=false}
      output y`,
  },
  {
    name: "shares of rows that are multiplied across",
    before: `
      input q: f32[3,4]
      input k: f32[3,4]
      s: f32[3,3] = matmul(q, k) {transposeA=false, transposeB=true}
      p: f32[3,3] = softmax(s) {axis=1, beta=1}
      y: f32[3,4] = matmul(p, k) {transposeA=true, transposeB=false}
      output y`,
  },
];
