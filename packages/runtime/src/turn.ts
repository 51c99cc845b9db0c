/** How long a run keeps the thread before it lets others have their turn, in milliseconds. */
const longest = 50;

/** What a run asks between its steps. */
export interface Turn {
  /** Throws the signal's reason when it is aborted. */
  check(): void;
  /** Lets others have the thread; undefined while the run has not had it for long. */
  rest(): Promise<void> | undefined;
}

export function createTurn(signal: AbortSignal | undefined): Turn {
  let started = performance.now();
  return {
    check: () => signal?.throwIfAborted(),
    rest() {
      if (performance.now() - started <= longest) return undefined;
      return new Promise((resume) =>
        setTimeout(() => {
          started = performance.now();
          resume();
        }),
      );
    },
  };
}
