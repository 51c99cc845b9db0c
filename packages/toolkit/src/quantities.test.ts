import { describe, expect, it } from "vitest";
import { formatBytes, formatCount, formatDecibels, formatDuration, formatMetric } from "./quantities.ts";

describe("quantities for people", () => {
  it.each([
    [formatCount(0), "0"],
    [formatCount(999_999), "999,999"],
    [formatCount(1_804_480), "1.8 M"],
    [formatCount(300_774_272), "301 M"],
    [formatCount(4.1e9), "4.1 G"],
    [formatBytes(999), "999 B"],
    [formatBytes(1000), "1 kB"],
    [formatBytes(130_888), "131 kB"],
    [formatBytes(999_999), "1 MB"],
    [formatBytes(2 ** 31), "2.15 GB"],
    [formatDuration(0.0421), "42.1 µs"],
    [formatDuration(0.99999), "1 ms"],
    [formatDuration(12.345), "12.3 ms"],
    [formatDuration(999.9), "1 s"],
    [formatDuration(61_234), "61.2 s"],
    [formatMetric("top1", 0.99556), "99.56 %"],
    [formatMetric("cosine", 0.99996), "1.0000"],
    [formatMetric("mse", 0.0000123456), "0.00001235"],
    [formatMetric("auc-reconstruction", Number.NaN), "–"],
    [formatDecibels(27.55), "27.6 dB"],
    [formatDecibels(200), "exact"],
  ])("%s is %s", (actual, expected) => {
    expect(actual).toBe(expected);
  });
});
