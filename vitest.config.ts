import { defineConfig } from "vitest/config";

// biome-ignore lint/style/noDefaultExport: Vitest reads the default export.
export default defineConfig({
  test: { include: ["{packages,apps,scripts,conformance,examples}/**/*.test.ts"], testTimeout: 60_000 },
});
