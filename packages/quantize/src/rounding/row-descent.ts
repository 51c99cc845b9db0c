import { addScaled, type RelatedInputs } from "./related-inputs.ts";

/** What the weights of one output channel are rounded for. */
export interface RowTask {
  readonly inputs: RelatedInputs;
  readonly weights: Float64Array;
  /** The inputs' covariance times the weights. */
  readonly wanted: Float64Array;
  /** Greatest integer of a weight's type; the least is its negative. */
  readonly limit: number;
}

/** Integers q, their scale, and the inputs' covariance times q. */
export interface RowStart {
  readonly integers: Int8Array;
  readonly scale: number;
  readonly reached: Float64Array;
}

/** The least gain that counts, as a part of what a step of the weight adds by itself, so that rounded sums never go round in circles. */
const leastGain = 1e-9;
/** The least change of a scale that counts, as a part of it. */
const leastRefit = 1e-4;

/**
 * Lowers the squared error (q · scale - w)ᵀ C (q · scale - w) of one output channel's integers q by changing one or two of them, or the scale, and never
 * raises it. `integers` are changed in place. A gain is by how much the error falls, in scale²; a pull is half the gain of a first small step upwards.
 */
export class RowDescent {
  readonly integers: Int8Array;
  readonly #task: RowTask;
  readonly #pulls: Float64Array;
  #scale: number;

  constructor(task: RowTask, { integers, scale, reached }: RowStart) {
    this.#task = task;
    this.integers = integers;
    this.#scale = scale;
    this.#pulls = task.wanted.map((wanted, index) => wanted / scale - reached[index]);
  }

  get scale(): number {
    return this.#scale;
  }

  /** The squared error. */
  get loss(): number {
    const { weights } = this.#task;
    return this.integers.reduce(
      (sum, integer, index) => sum + (weights[index] - integer * this.#scale) * this.#pulls[index] * this.#scale,
      0,
    );
  }

  /** Changes each integer, or it and one of its partners, where that lowers the error. Gives whether any has changed. */
  sweep(): boolean {
    let changed = false;
    for (let index = 0; index < this.integers.length; index++)
      if (this.#moveAlone(index) || this.#moveWithPartner(index)) changed = true;
    return changed;
  }

  /** Takes the scale, from `least` on, that suits the integers best. Gives whether it has changed. */
  refitScale(least: number): boolean {
    const { wanted } = this.#task;
    const reached = wanted.map((each, index) => each / this.#scale - this.#pulls[index]);
    const ideal = dot(this.integers, wanted) / dot(this.integers, reached);
    const scale = Math.fround(Math.max(least, ideal));
    if (!(ideal > 0) || Math.abs(scale - this.#scale) <= leastRefit * this.#scale) return false;
    this.#scale = scale;
    for (const [index, each] of reached.entries()) this.#pulls[index] = wanted[index] / scale - each;
    return true;
  }

  #moveAlone(index: number): boolean {
    const { limit } = this.#task;
    const integer = this.integers[index];
    const best = Math.round(integer + this.#pulls[index] / this.#variance(index));
    const steps = Math.min(limit, Math.max(-limit, best)) - integer;
    if (steps === 0 || this.#gain(index, steps, this.#pulls[index]) <= this.#leastGain(index)) return false;
    this.#move(index, steps);
    return true;
  }

  /** Of two steps that gain together, one at least is in the direction of its pull; that is the one this tries at `index`. */
  #moveWithPartner(index: number): boolean {
    const { covariance, partners, size } = this.#task.inputs;
    const steps = this.#pulls[index] < 0 ? -1 : 1;
    if (!this.#allows(index, steps)) return false;
    const own = this.#gain(index, steps, this.#pulls[index]);
    let [most, best, bestSteps] = [this.#leastGain(index), -1, 0];
    for (const partner of partners[index]) {
      const pull = this.#pulls[partner] - steps * covariance[index * size + partner];
      const partnerSteps = pull < 0 ? -1 : 1;
      const gain = own + this.#gain(partner, partnerSteps, pull);
      if (gain > most && this.#allows(partner, partnerSteps)) [most, best, bestSteps] = [gain, partner, partnerSteps];
    }
    if (best < 0) return false;
    this.#move(index, steps);
    this.#move(best, bestSteps);
    return true;
  }

  #variance(index: number): number {
    return this.#task.inputs.variances[index];
  }

  #leastGain(index: number): number {
    return leastGain * this.#variance(index);
  }

  #gain(index: number, steps: number, pull: number): number {
    return steps * (2 * pull - steps * this.#variance(index));
  }

  #allows(index: number, steps: number): boolean {
    return Math.abs(this.integers[index] + steps) <= this.#task.limit;
  }

  #move(index: number, steps: number): void {
    const { covariance, size } = this.#task.inputs;
    this.integers[index] += steps;
    addScaled(this.#pulls, -steps, covariance.subarray(index * size, (index + 1) * size));
  }
}

function dot(integers: Int8Array, numbers: Float64Array): number {
  return integers.reduce((sum, integer, index) => sum + integer * numbers[index], 0);
}
