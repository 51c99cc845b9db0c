import { addElements } from "./pooling";
import { finish, Scaling } from "./scaling";

/** Sums over the middle one of three axes of 8-bit data. */
@unmanaged
export class Sums {
  source: usize;
  target: usize;
  outer: i32;
  count: i32;
  inner: i32;
  unsigned: i32;
  /** What is added to each sum. */
  start: i32;
  /** Scaling of eight channels alike. */
  scaling: Scaling;
  /** Room for all sums, up to a multiple of eight. */
  sums: usize;
}

function sumRun(source: usize, count: i32, unsigned: bool): i32 {
  let sums = i32x4.splat(0);
  let at = 0;
  for (; at <= count - 16; at += 16) {
    const bytes = v128.load(source + at);
    const words = unsigned ? i16x8.extadd_pairwise_i8x16_u(bytes) : i16x8.extadd_pairwise_i8x16_s(bytes);
    sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_s(words));
  }
  let sum = i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1);
  sum += i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3);
  for (; at < count; at++) sum += unsigned ? <i32>load<u8>(source + at) : <i32>load<i8>(source + at);
  return sum;
}

/** Sums every line and scales the sums. */
export function sumLines(call: Sums): void {
  const unsigned = call.unsigned != 0;
  const total = call.outer * call.inner;
  for (let at = 0; at < total; at++) store<i32>(call.sums + 4 * at, call.start);
  let source = call.source;
  for (let outer = 0; outer < call.outer; outer++) {
    const sums = call.sums + 4 * outer * call.inner;
    if (call.inner == 1) {
      store<i32>(sums, load<i32>(sums) + sumRun(source, call.count, unsigned));
      source += call.count;
    } else {
      for (let index = 0; index < call.count; index++) {
        addElements(source, sums, call.inner, unsigned);
        source += call.inner;
      }
    }
  }
  finish(call.sums, call.target, (total + 7) >> 3, call.scaling, 0);
}
