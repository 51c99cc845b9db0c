declare module "cli-progress" {
  export interface BarOptions {
    readonly stream: NodeJS.WritableStream;
    readonly format: string;
    readonly barCompleteChar: string;
    readonly barIncompleteChar: string;
    readonly hideCursor: boolean;
    readonly clearOnComplete: boolean;
    readonly gracefulExit: boolean;
  }

  export class SingleBar {
    constructor(options: BarOptions);
    start(total: number, done: number, payload: Readonly<Record<string, string>>): void;
    update(done: number): void;
    stop(): void;
  }
}
