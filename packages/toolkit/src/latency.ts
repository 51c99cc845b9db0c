/** Time of one node: measured inside the engine, or predicted. */
export interface OperatorTime {
  /** Place in the order of computation. */
  readonly id: number;
  readonly name: string;
  readonly op: string;
  readonly unit: "cpu" | "npu" | "dma";
  /** Microseconds; the median of the runs where it was measured. */
  readonly us: number;
  /** Of the clock of the unit, where it was predicted. */
  readonly cycles?: number;
  /** What takes the time, where it was predicted. */
  readonly boundBy?: string;
  readonly macs: number;
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly origin: readonly string[];
}

/** How long an inference takes. */
export interface Latency {
  /** What it ran on. */
  readonly target: string;
  /** What computed it. */
  readonly engine: string;
  readonly basis: "measured on this host";
  readonly runs: number;
  readonly warmup: number;
  /** Median of the runs. */
  readonly ms: number;
  readonly meanMs: number;
  readonly stdDevMs: number;
  /** The very first inference, a warm-up one if there were any. */
  readonly firstMs: number;
  /** Mean of the warm-up runs. */
  readonly warmupMs?: number;
  /** Left out where the engine can't tell. Taken in runs of their own, since timing each node slows an engine down. */
  readonly perOperator?: readonly OperatorTime[];
}

/** How long an inference takes by a model of a machine, which nobody measured. */
export interface PredictedLatency {
  /** What it would run on. */
  readonly target: string;
  /** What the prediction rests on. */
  readonly basis: string;
  readonly ms: number;
  readonly cycles: number;
  /** What no mapping of the operators and no schedule can go below. */
  readonly boundMs: number;
  readonly schedule: PredictedSchedule;
  /** What the array, the copies and the processor do. */
  readonly perOperator: readonly OperatorTime[];
}

/** How good the schedule of a prediction is. */
export interface PredictedSchedule {
  /** How it was found: by rules, or by a solver that was let search for better ones. */
  readonly level: "fast" | "optimal";
  /** How far the prediction is above `boundMs`, in percent. */
  readonly gapPercent: number;
  /** Whether no schedule of the same commands takes less time, but for the rounding of copies to cycles. */
  readonly proven: boolean;
  /** How far it is at most above the best schedule of the same commands, in percent. */
  readonly scheduleGapPercent: number;
  /** How long was searched. */
  readonly searchSeconds?: number;
  /** Milliseconds that each would take if there were nothing else. */
  readonly boundsMs: Readonly<Record<"array" | "weights" | "data" | "starts" | "copies" | "processor", number>>;
  /** Of the largest program, with the weights that stay in memory. */
  readonly memory: { readonly bytes: number; readonly lowerBoundBytes: number; readonly proven: boolean };
}

export function isMeasured(latency: Latency | PredictedLatency): latency is Latency {
  return "engine" in latency;
}

/** Operators of one kind together. */
export interface KindTime {
  readonly op: string;
  readonly count: number;
  readonly us: number;
  /** Of the time of all operators, from 0 to 1. */
  readonly share: number;
}

/** Time by kind of operator, the slowest first. */
export function timeByKind(operators: readonly OperatorTime[]): readonly KindTime[] {
  const total = totalTime(operators);
  const kinds = new Map<string, { count: number; us: number }>();
  for (const { op, us } of operators) {
    const kind = kinds.get(op) ?? { count: 0, us: 0 };
    kinds.set(op, { count: kind.count + 1, us: kind.us + us });
  }
  const rows = [...kinds].map(([op, { count, us }]) => ({ op, count, us, share: shareOf(us, total) }));
  return rows.sort((a, b) => b.us - a.us);
}

/** Microseconds of all operators. */
export function totalTime(operators: readonly OperatorTime[]): number {
  return operators.reduce((sum, { us }) => sum + us, 0);
}

export function shareOf(us: number, total: number): number {
  return total > 0 ? us / total : 0;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a sample, with n - 1; 0 for a single value. */
export function standardDeviation(values: readonly number[]): number {
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, values.length - 1));
}
