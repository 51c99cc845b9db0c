/** Reals in f32 to be stored in bytes. */
@unmanaged
export class Quantize {
  source: usize;
  target: usize;
  count: i32;
  scale: f32;
  zero: i32;
  low: i32;
  high: i32;
  /** Whether halves are rounded to even rather than away from zero. */
  even: i32;
}

// @ts-ignore: decorator
@inline
function away(x: v128): v128 {
  const whole = f32x4.trunc(x);
  const half = f32x4.ge(f32x4.abs(f32x4.sub(x, whole)), f32x4.splat(0.5));
  const sign = v128.and(x, f32x4.splat(-0.0));
  return f32x4.add(whole, v128.and(half, v128.or(sign, f32x4.splat(1))));
}

/** Reals by their scale, rounded, plus the zero point; what is no number becomes zero. Written by fours, up to three too many. */
export function quantize(call: Quantize): void {
  const scale = f32x4.splat(call.scale), zero = f32x4.splat(<f32>call.zero);
  const low = f32x4.splat(<f32>call.low), high = f32x4.splat(<f32>call.high);
  for (let at = 0; at < call.count; at += 4) {
    const x = f32x4.div(v128.load(call.source + 4 * at), scale);
    const whole = call.even ? f32x4.nearest(x) : away(x);
    const stored = f32x4.min(f32x4.max(f32x4.add(whole, zero), low), high);
    const integers = i32x4.trunc_sat_f32x4_s(stored);
    v128.store_lane<u32>(
      call.target + at,
      v128.shuffle<u8>(integers, integers, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12),
      0,
    );
  }
}
