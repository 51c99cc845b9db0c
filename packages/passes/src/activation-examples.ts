import type { PassExample } from "./pass.ts";

/** Activations that are written out, and what is none. */
export const activationExamples: readonly PassExample[] = [
  {
    name: "GELU by the error function",
    before: `
      input x: f32[2]
      constant root: f32[] = [1.4142135]
      a: f32[2] = div(x, root) {activation=none}
      b: f32[2] = erf(a)
      constant one: f32[] = [1]
      c: f32[2] = add(b, one) {activation=none}
      d: f32[2] = mul(x, c) {activation=none}
      constant half: f32[] = [0.5]
      e: f32[2] = mul(d, half) {activation=none} from [gelu]
      output e`,
    after: `
      input x: f32[2]
      e: f32[2] = gelu(x) {approximate=false} from [gelu]
      output e`,
  },
  {
    name: "GELU by the hyperbolic tangent, times 2",
    before: `
      input x: f32[2]
      constant three: f32[] = [3]
      c: f32[2] = pow(x, three)
      constant bend: f32[] = [0.044715]
      d: f32[2] = mul(c, bend) {activation=none}
      s: f32[2] = add(x, d) {activation=none}
      constant root: f32[] = [0.7978846]
      r: f32[2] = mul(s, root) {activation=none}
      t: f32[2] = tanh(r)
      constant one: f32[] = [1]
      g: f32[2] = add(t, one) {activation=none}
      y: f32[2] = mul(x, g) {activation=none}
      output y`,
    after: `
      input x: f32[2]
      y.gelu: f32[2] = gelu(x) {approximate=true}
      constant two: f32[] = [2]
      y: f32[2] = mul(y.gelu, two) {activation=none}
      output y`,
  },
  {
    name: "hard swish by a clamp from 0 to 6",
    before: `
      input x: f32[2]
      constant three: f32[] = [3]
      a: f32[2] = add(x, three) {activation=none}
      b: f32[2] = clamp(a) {minimum=0, maximum=6}
      c: f32[2] = mul(x, b) {activation=none}
      constant six: f32[] = [6]
      d: f32[2] = div(c, six) {activation=none}
      output d`,
    after: `
      input x: f32[2]
      d: f32[2] = hardSwish(x)
      output d`,
  },
  {
    name: "Mish by exponentials that can't overflow",
    before: `
      input x: f32[2]
      p: f32[2] = clamp(x) {minimum=0, maximum=Infinity} from [softplus]
      a: f32[2] = abs(x) from [softplus]
      n: f32[2] = neg(a) from [softplus]
      e: f32[2] = exp(n) from [softplus]
      constant one: f32[] = [1]
      s: f32[2] = add(e, one) {activation=none} from [softplus]
      l: f32[2] = log(s) from [softplus]
      b: f32[2] = add(p, l) {activation=none} from [softplus]
      t: f32[2] = tanh(b) from [tanh]
      y: f32[2] = mul(t, x) {activation=none} from [mul]
      output y`,
    after: `
      input x: f32[2]
      y: f32[2] = mish(x) from [softplus, tanh, mul]
      output y`,
  },
  {
    name: "ELU as a choice, and the scaled one as a sum",
    before: `
      input x: f32[2]
      constant zero: f32[] = [0]
      constant one: f32[] = [1]
      p: bool[2] = greater(x, zero)
      b: f32[2] = select(p, zero, x)
      e: f32[2] = exp(b)
      m: f32[2] = sub(e, one) {activation=none}
      y: f32[2] = select(p, x, m)
      r: f32[2] = clamp(y) {minimum=0, maximum=Infinity}
      n: f32[2] = minimum(y, zero)
      f: f32[2] = exp(n)
      k: f32[2] = sub(f, one) {activation=none}
      constant alpha: f32[] = [2]
      s: f32[2] = mul(k, alpha) {activation=none}
      t: f32[2] = add(r, s) {activation=none}
      constant gamma: f32[] = [3]
      z: f32[2] = mul(t, gamma) {activation=none}
      output z`,
    after: `
      input x: f32[2]
      y: f32[2] = elu(x) {alpha=1}
      t: f32[2] = elu(y) {alpha=2}
      constant gamma: f32[] = [3]
      z: f32[2] = mul(t, gamma) {activation=none}
      output z`,
  },
  {
    name: "the hyperbolic tangent by exponentials",
    before: `
      input x: f32[2]
      e: f32[2] = exp(x)
      n: f32[2] = neg(x)
      f: f32[2] = exp(n)
      a: f32[2] = sub(e, f) {activation=none}
      b: f32[2] = add(e, f) {activation=none}
      y: f32[2] = div(a, b) {activation=none}
      output y`,
    after: `
      input x: f32[2]
      y: f32[2] = tanh(x)
      output y`,
  },
  {
    name: "a gate of another slope",
    before: `
      input x: f32[2]
      constant two: f32[] = [2]
      a: f32[2] = add(x, two) {activation=none}
      b: f32[2] = clamp(a) {minimum=0, maximum=6}
      c: f32[2] = mul(x, b) {activation=none}
      output c`,
  },
  {
    name: "positive numbers, sizes and slopes as sums",
    before: `
      input x: f32[2]
      p: f32[2] = clamp(x) {minimum=0, maximum=Infinity}
      n: f32[2] = clamp(x) {minimum=-Infinity, maximum=0}
      a: f32[2] = sub(p, n) {activation=none}
      b: f32[2] = add(p, n) {activation=none}
      c: f32[2] = add(p, x) {activation=none}
      output a
      output b
      output c`,
  },
  {
    name: "a gate of another softness, and one of other data",
    before: `
      input x: f32[2]
      input z: f32[2]
      e: f32[2] = exp(x)
      constant two: f32[] = [2]
      s: f32[2] = add(e, two) {activation=none}
      l: f32[2] = log(s)
      t: f32[2] = tanh(l)
      y: f32[2] = mul(x, t) {activation=none}
      g: f32[2] = sigmoid(z)
      h: f32[2] = mul(x, g) {activation=none}
      output y
      output h`,
  },
];
