import type { Quantization } from "@millrace/ir";

/** How near integers are to the reals that they stand for. */
export interface Agreement {
  /** 10·log10(Σ real² / Σ (real - integer)²); 200 where they are the same. */
  readonly sqnrDb: number;
  /** Cosine of the angle between all reals and all integers; 1 where both are zeros. */
  readonly cosine: number;
  /** Share of the integers that are at an end of their range because the real is further out. */
  readonly saturated: number;
}

const greatestRatio = 200;

/** Gathers the agreement over samples, in constant memory. */
export class AgreementSum {
  #signal = 0;
  #noise = 0;
  #own = 0;
  #product = 0;
  #saturated = 0;
  #count = 0;

  /** Adds the integers of a sample, of a type whose least and greatest number are given. */
  add(
    reals: ArrayLike<number>,
    integers: ArrayLike<number>,
    { scale: [scale], zeroPoint: [zeroPoint] }: Quantization,
    [low, high]: readonly [number, number],
  ): void {
    for (let index = 0; index < reals.length; index++) {
      const real = reals[index];
      const own = (integers[index] - zeroPoint) * scale;
      this.#signal += real * real;
      this.#noise += (real - own) * (real - own);
      this.#own += own * own;
      this.#product += real * own;
      const further =
        (integers[index] === high && real - own > scale) || (integers[index] === low && own - real > scale);
      if (further) this.#saturated++;
    }
    this.#count += reals.length;
  }

  result(): Agreement {
    const size = Math.sqrt(this.#signal * this.#own);
    return {
      sqnrDb: ratioInDecibels(this.#signal, this.#noise),
      cosine: size > 0 ? Math.min(1, this.#product / size) : this.#noise === 0 ? 1 : 0,
      saturated: this.#count === 0 ? 0 : this.#saturated / this.#count,
    };
  }
}

function ratioInDecibels(signal: number, noise: number): number {
  if (noise === 0) return greatestRatio;
  return signal === 0 ? 0 : Math.min(greatestRatio, 10 * Math.log10(signal / noise));
}
