import type { Reporter, TestModule } from "vitest/node";

/**
 * Ends a test run with the plain line `N passed, N failed, N skipped`. Todos count as skipped; a file or group that
 * fails without a failed test in it, and an error outside all tests, count as failed.
 */
export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandled.length, skipped: 0 };
    for (const module of modules) {
      const states = [...module.children.allTests()].map((test) => test.result().state);
      for (const state of states) counts[state === "pending" ? "skipped" : state]++;
      if (module.state() === "failed" && !states.includes("failed")) counts.failed++;
    }
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  }
}
