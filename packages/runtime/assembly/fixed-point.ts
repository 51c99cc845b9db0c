/** Product of two Q0.31 numbers; halves go up, and (-1) · (-1) saturates. */
// @ts-ignore: decorator
@inline
export function doublingHighMultiply(a: i32, b: i32): i32 {
  return <i32>min((<i64>a * <i64>b + (1 << 30)) >> 31, <i64>i32.MAX_VALUE);
}

/** x / 2^exponent, halves rounded away from zero. */
// @ts-ignore: decorator
@inline
export function divideByPowerOfTwo(x: i32, exponent: i32): i32 {
  const mask = exponent == 31 ? i32.MAX_VALUE : (1 << exponent) - 1;
  const threshold = (mask >> 1) + i32(x < 0);
  return (x >> exponent) + i32((x & mask) > threshold);
}

// @ts-ignore: decorator
@inline
function quadrupled(x: i32): i32 {
  return <i32>max(min(<i64>x << 2, <i64>i32.MAX_VALUE), <i64>i32.MIN_VALUE);
}

/** 1/(1 + a) in Q0.31 for a in [0, 1] in Q0.31: three Newton-Raphson steps from 48/17 - 32/17·d. */
export function reciprocalOfOnePlus(a: i32): i32 {
  const sum = <i64>a + <i64>i32.MAX_VALUE;
  const denominator = <i32>((sum + (sum >= 0 ? 1 : -1)) / 2);
  let x = 1515870810 + doublingHighMultiply(denominator, -1010580540);
  for (let step = 0; step < 3; step++) {
    const rest = (1 << 29) - doublingHighMultiply(denominator, x);
    x += quadrupled(doublingHighMultiply(x, rest));
  }
  return <i32>max(min(<i64>x << 1, <i64>i32.MAX_VALUE), <i64>i32.MIN_VALUE);
}
