/** What an external compiler says of its work. Whatever it does not say, or not in words that are known, is left out. */
export interface ConversionStatistics {
  /** Operators that its NPU computes, and those left to the processor. */
  readonly converted?: number;
  readonly notConverted?: number;
  /** Cycles and milliseconds of an inference by the compiler's own estimate. */
  readonly cycles?: number;
  readonly ms?: number;
}

/** How each figure is written in a log: a line, without the space around it, that begins so. The number is the first group. */
export type LogPatterns = Partial<Readonly<Record<keyof ConversionStatistics, RegExp>>>;

/** The column of each figure in a table with one row, and what to multiply it by. */
export type TableColumns = Partial<Readonly<Record<keyof ConversionStatistics, readonly [string, number]>>>;

/** The figures that a log holds, each in the first line that has it. */
export function statisticsOfLog(log: string, patterns: LogPatterns): ConversionStatistics {
  const figures = new Map<string, number>();
  for (const line of log.split(/[\r\n]/)) {
    for (const [name, pattern] of Object.entries(patterns)) {
      const figure = Number(pattern.exec(line.trim())?.[1]);
      if (Number.isFinite(figure) && !figures.has(name)) figures.set(name, figure);
    }
  }
  return Object.fromEntries(figures);
}

/** The figures in the first row of a table of comma-separated values without quotes. */
export function statisticsOfTable(csv: string, columns: TableColumns): ConversionStatistics {
  const [names = [], row = []] = csv.split(/\r?\n/, 2).map((line) => line.split(",").map((cell) => cell.trim()));
  const figures = Object.entries(columns).flatMap(([figure, [column, factor]]) => {
    const value = Number(row[names.indexOf(column)] || Number.NaN) * factor;
    return Number.isFinite(value) ? [[figure, value] as const] : [];
  });
  return Object.fromEntries(figures);
}
