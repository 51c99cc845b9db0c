import { finish, Scaling } from "./scaling";

/** An operator on pairs of 8-bit elements, by tables of 32-bit integers for all bytes of each. */
@unmanaged
export class Pairwise {
  first: usize;
  second: usize;
  target: usize;
  /** Rows of pairs, pairs of a row, and whether elements of a row follow one another or are the same one. */
  rows: i32;
  length: i32;
  firstStep: i32;
  secondStep: i32;
  /** Offsets of each row's first elements. */
  firstRows: usize;
  secondRows: usize;
  firstTable: usize;
  secondTable: usize;
  /** Scaling of eight channels alike. */
  scaling: Scaling;
  /** Room for sums, and how many: a multiple of eight. */
  sums: usize;
  room: i32;
  combination: Combination;
}

/** How two numbers become one. */
export const enum Combination {
  sum = 0,
  product = 1,
  square = 2,
  greatest = 3,
  least = 4,
}

// @ts-ignore: decorator
@inline
function combine(a: i32, b: i32, combination: Combination): i32 {
  if (combination == Combination.sum) return a + b;
  if (combination == Combination.product) return a * b;
  if (combination == Combination.square) return (a - b) * (a - b);
  return combination == Combination.greatest ? max(a, b) : min(a, b);
}

// @ts-ignore: decorator
@inline
function combineRun(call: Pairwise, a: usize, b: usize, sums: usize, count: i32, combination: Combination): void {
  const left = call.firstTable, right = call.secondTable;
  const across = call.firstStep, down = call.secondStep;
  const end = sums + 4 * count;
  for (; sums < end; sums += 4) {
    const x = load<i32>(left + 4 * <usize>load<u8>(a)), y = load<i32>(right + 4 * <usize>load<u8>(b));
    store<i32>(sums, combine(x, y, combination));
    a += across;
    b += down;
  }
}

function combineSome(call: Pairwise, a: usize, b: usize, sums: usize, count: i32): void {
  switch (call.combination) {
    case Combination.sum:
      return combineRun(call, a, b, sums, count, Combination.sum);
    case Combination.product:
      return combineRun(call, a, b, sums, count, Combination.product);
    case Combination.square:
      return combineRun(call, a, b, sums, count, Combination.square);
    case Combination.greatest:
      return combineRun(call, a, b, sums, count, Combination.greatest);
    case Combination.least:
      return combineRun(call, a, b, sums, count, Combination.least);
  }
}

/** Combines pairs as often as there is room for their sums, and scales those. */
export function combinePairs(call: Pairwise): void {
  let target = call.target;
  let filled = 0;
  for (let row = 0; row < call.rows; row++) {
    const a = call.first + load<u32>(call.firstRows + 4 * row);
    const b = call.second + load<u32>(call.secondRows + 4 * row);
    for (let at = 0; at < call.length; ) {
      const count = min(call.length - at, call.room - filled);
      combineSome(call, a + at * call.firstStep, b + at * call.secondStep, call.sums + 4 * filled, count);
      at += count;
      filled += count;
      if (filled == call.room) {
        finish(call.sums, target, filled >> 3, call.scaling, 0);
        target += filled;
        filled = 0;
      }
    }
  }
  if (filled > 0) finish(call.sums, target, (filled + 7) >> 3, call.scaling, 0);
}
