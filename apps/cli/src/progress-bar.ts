import { SingleBar } from "cli-progress";

/** A stage shows its bar only when it has run for so long, in milliseconds. */
const patience = 500;

/** Draws how far a stage is on a terminal's standard error; short stages draw nothing. */
export class ProgressBar {
  #stage = "";
  #done = 0;
  #started = 0;
  #bar: SingleBar | undefined;

  readonly update = (stage: string, done: number, total?: number): void => {
    if (stage !== this.#stage || done < this.#done) this.#begin(stage);
    this.#done = done;
    if (total === undefined || performance.now() - this.#started < patience) return;
    this.#bar ??= drawBar(stage, done, total);
    this.#bar.update(done);
    if (done >= total) this.clear();
  };

  /** Takes the bar away. */
  clear(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #begin(stage: string): void {
    this.clear();
    this.#stage = stage;
    this.#started = performance.now();
  }
}

function drawBar(stage: string, done: number, total: number): SingleBar {
  const bar = new SingleBar({
    stream: process.stderr,
    format: "{stage} {bar} {value}/{total}  {eta_formatted} left",
    barCompleteChar: "━",
    barIncompleteChar: "─",
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
  });
  bar.start(total, done, { stage });
  return bar;
}
