/** How long work reports itself and is cancelled; both are optional. */
export interface Progress {
  readonly signal?: AbortSignal;
  /** Called as work goes on: the stage, how much of it is done and, where known, of how much. */
  readonly progress?: (stage: string, done: number, total?: number) => void;
}

/** Time that one stage took, in milliseconds. */
export interface StageTime {
  readonly stage: string;
  readonly ms: number;
}

/** Measures stages of work one after another. */
export class Stopwatch {
  readonly times: StageTime[] = [];

  async time<T>(stage: string, work: () => T | Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await work();
    this.times.push({ stage, ms: performance.now() - start });
    return result;
  }
}
