const grouped = new Intl.NumberFormat("en");

/** A count for people: 1234 is "1,234" and 12345678 is "12.3 M". */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return "–";
  const unit = [
    { size: 1e12, name: "T" },
    { size: 1e9, name: "G" },
    { size: 1e6, name: "M" },
  ].find(({ size }) => Math.abs(count) >= size);
  return unit ? `${significant(count / unit.size)} ${unit.name}` : grouped.format(count);
}

/** Bytes in decimal units, as file managers and data sheets count: 130888 is "131 kB". */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return "–";
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 999_500) return `${significant(bytes / 1e3)} kB`;
  if (bytes < 999_500_000) return `${significant(bytes / 1e6)} MB`;
  return `${significant(bytes / 1e9)} GB`;
}

/** Milliseconds as µs, ms or s with three digits. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  if (ms < 0.9995) return `${significant(ms * 1e3)} µs`;
  return ms < 999.5 ? `${significant(ms)} ms` : `${significant(ms / 1e3)} s`;
}

/** A value of a metric: shares as percent, others as they are. A value that the samples don't determine is a dash. */
export function formatMetric(metric: string, value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (metric.startsWith("top")) return `${(value * 100).toFixed(2)} %`;
  return metric === "mse" ? value.toPrecision(4) : value.toFixed(4);
}

/** A signal-to-noise ratio; 200 dB and more stand for equal values. */
export function formatDecibels(decibels: number): string {
  if (!Number.isFinite(decibels)) return "–";
  return decibels >= 200 ? "exact" : `${decibels.toFixed(1)} dB`;
}

/** Three digits, no trailing zeros after the point. */
function significant(value: number): string {
  const digits = Math.abs(value) >= 99.95 ? 0 : Math.abs(value) >= 9.995 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}
