/** What a program is to do in a new folder of its own. */
export interface ToolJob {
  readonly arguments: readonly string[];
  readonly input: { readonly name: string; readonly bytes: Uint8Array };
  /** Whether a file that it leaves is of interest. */
  wants(name: string): boolean;
}

/** How a program ended, and what it left. */
export interface ToolResult {
  /** Absent where it was ended by a signal or at the limit of time. */
  readonly exitCode?: number;
  readonly endedBy?: string;
  readonly timedOut: boolean;
  readonly log: Uint8Array;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Runs a program that the caller chose: `runTool` of devices/node with an executable and a limit of time. */
export type RunTool = (job: ToolJob) => Promise<ToolResult>;
