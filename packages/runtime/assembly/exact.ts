import { divideByPowerOfTwo, doublingHighMultiply } from "./fixed-point";

/** How the reference multiplies sums, for those that double precision is not proven to give the same results of. */
@unmanaged
export class Exact {
  /** 0 rounds twice, 1 once, 2 multiplies in double precision. */
  kind: i32;
  zero: i32;
  low: i32;
  high: i32;
  /** Factors of channels, f64, and their shifts. */
  values: usize;
  shifts: usize;
}

function multiplyTwice(x: i32, value: i32, shift: i32): i32 {
  if (shift > 0) return doublingHighMultiply(x << shift, value);
  return divideByPowerOfTwo(doublingHighMultiply(x, value), -shift);
}

function multiplyOnce(x: i32, value: i32, shift: i32): i32 {
  const bits = <i64>(31 - shift);
  return <i32>((<i64>x * <i64>value + (<i64>1 << (bits - 1))) >> bits);
}

function multiplyReal(x: i32, value: f64): f64 {
  const product = <f64>x * value;
  const whole = trunc(product);
  return abs(product - whole) >= 0.5 ? whole + copysign(1.0, product) : whole;
}

/** Turns rows of eight sums, of channels from `channel` on, into bytes, `step` from row to row. */
export function finishExactly(
  sums: usize,
  target: usize,
  rows: i32,
  step: i32,
  exact: Exact,
  channel: i32,
  count: i32,
): void {
  for (let row = 0; row < rows; row++) {
    for (let at = 0; at < count; at++) {
      const sum = load<i32>(sums + 4 * at);
      const value = load<f64>(exact.values + 8 * (channel + at));
      const shift = load<i32>(exact.shifts + 4 * (channel + at));
      let result: f64;
      if (exact.kind == 0) result = <f64>multiplyTwice(sum, <i32>value, shift);
      else if (exact.kind == 1) result = <f64>multiplyOnce(sum, <i32>value, shift);
      else result = multiplyReal(sum, value);
      const stored = max(<f64>exact.low, min(<f64>exact.high, result + <f64>exact.zero));
      store<u8>(target + at, <u8>(<i32>stored));
    }
    sums += 32;
    target += step;
  }
}
