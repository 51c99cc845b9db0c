import { describe, expect, it } from "vitest";
import type { Report } from "./report.ts";
import { reportHtml } from "./report-html.ts";

const hostile = `"><script>alert('1')</script>&amp;\u0000\uD800`;
const escaped = "&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;\uFFFD\uFFFD";

const plain: Report = {
  model: { source: "digits.onnx", format: "onnx", bytes: 142_374, macs: 1_804_480, parameters: 30_794 },
  artifacts: [],
  graph: { operators: {}, transposes: 0 },
  diagnostics: [],
  timings: [],
};

const full: Report = {
  ...plain,
  artifacts: [{ path: "digits int8#1.tflite", kind: "tflite-int8", bytes: 51_400, sha256: "ab".repeat(32) }],
  graph: { operators: { ADD: 1, CONV_2D: 4 }, transposes: 2 },
  quantization: {
    scheme: "int8",
    calibration: "minmax",
    samples: 100,
    recoveries: [{ pass: "absorb-biases", changes: 1234, decisions: [{ node: "hidden", message: "2 of 4 channels" }] }],
    layers: [
      {
        name: "conv",
        origin: ["/conv"],
        sqnrDb: 41.26,
        isolatedSqnrDb: 44.04,
        cosine: 0.99987,
        clipped: 0.0123,
        scale: 0.0235,
        zeroPoint: -128,
      },
      { name: "add", origin: ["add"], sqnrDb: 12.5, scale: 0.1, zeroPoint: 3 },
      { name: "softmax", origin: [], sqnrDb: 200, scale: 1 / 256, zeroPoint: -128 },
    ],
  },
  accuracy: { metric: "top1", samples: 1800, float: 0.9956, quantized: 0.9906 },
  latency: {
    target: "host",
    engine: "wasm",
    basis: "measured on this host",
    runs: 10,
    warmup: 1,
    ms: 0.65,
    meanMs: 0.7,
    stdDevMs: 0.125,
    firstMs: 6,
    warmupMs: 6,
    perOperator: [
      {
        id: 0,
        name: "first layer",
        op: "conv2d",
        unit: "cpu",
        us: 300,
        macs: 1000,
        readBytes: 5000,
        writeBytes: 2000,
        origin: ["Conv_1"],
      },
      {
        id: 1,
        name: "last layer",
        op: "add",
        unit: "cpu",
        us: 100,
        macs: 0,
        readBytes: 40,
        writeBytes: 20,
        origin: [],
      },
    ],
  },
  memory: { arenaBytes: 25_088, lowerBoundBytes: 25_088, weightBytes: 33_000, totalBytes: 58_088 },
  diagnostics: [
    { code: "layout.note", severity: "info", message: "later" },
    { code: "quantize.stays-float", severity: "warning", message: "first", at: { node: "erf" }, hint: "replace it" },
  ],
  timings: [{ stage: "import", ms: 12.34 }],
};

/** Text of each cell of the rows that hold `name`. */
function cells(page: string, name: string): string[] {
  const row = page.match(new RegExp(`<tr[^>]*><th scope="row">(?:<[^>]+>)*${name}<.*?</tr>`, "s"))?.[0] ?? "";
  return [...row.matchAll(/<t[hd].*?<\/t[hd]>/gs)].map(([cell]) => cell.replace(/<[^>]+>/g, "").trim());
}

describe("the report as a page", () => {
  it("draws the numbers of every section", () => {
    const page = reportHtml(full);
    expect(page).toContain('<span class="from">142 kB →</span> <span class="value">51.4 kB</span>');
    expect(page).toContain('<span class="from">99.56 % →</span> <span class="value">99.06 %</span>');
    expect(page).toContain("<dt>Activation memory</dt><dd>25.1 kB</dd><dd>the least possible</dd>");
    expect(page).toContain("−0.50 points, on 1,800 samples");
    expect(cells(page, "absorb-biases")).toEqual(["absorb-biases", "", "1,234 changes"]);
    expect(page).toContain("<td><code>hidden</code></td><td>2 of 4 channels</td>");
    expect(cells(page, "CONV_2D")).toEqual(["CONV_2D", "4", ""]);
    expect(cells(page, "conv")).toEqual([
      "convfrom /conv",
      "41.3 dB",
      "",
      "44.0 dB",
      "0.9999",
      "1.23 %",
      "0.0235",
      "-128",
    ]);
    expect(cells(page, "softmax").slice(1, 4)).toEqual(["exact", "", "–"]);
    expect(page).toContain('aria-label="Signal-to-noise ratio of 3 layers');
    expect(page.match(/<polyline class="(\w+)"/g)).toEqual(['<polyline class="whole"']);
    expect(cells(page, "import")).toEqual(["import", "12.3 ms", ""]);
    expect(cells(page, "Standard deviation")).toEqual(["Standard deviation", "125 µs"]);
    expect(cells(page, "first layer")).toEqual([
      "first layerfrom Conv_1",
      "conv2d",
      "300 µs",
      "75.0 %",
      "",
      "5 kB",
      "2 kB",
    ]);
    expect(cells(page, "add")).toEqual(["add", "1", "100 µs", "25.0 %", ""]);
    expect(page).toContain("The lowest is <code>add</code> with 12.5 dB");
    expect(page).toContain('href="./digits%20int8%231.tflite"');
    expect(page.indexOf("first")).toBeLessThan(page.indexOf("later"));
  });

  it("draws the layers alone where all of them are measured", () => {
    const layers = [30, 20].map((sqnrDb, at) => ({
      name: `layer ${at}`,
      origin: [],
      sqnrDb,
      isolatedSqnrDb: 60,
      scale: 1,
      zeroPoint: 0,
    }));
    const page = reportHtml({ ...full, quantization: { ...full.quantization!, layers } });
    expect(page).toContain('<polyline class="alone" points="44.0,8 900.0,8"/>');
    expect(page).toContain('<polyline class="whole" points="44.0,103 900.0,135"/>');
  });

  it("leaves out what the report leaves out", () => {
    const page = reportHtml(plain);
    expect([...page.matchAll(/<h[12][^>]*>(.*?)</g)].map(([, title]) => title)).toEqual(["digits.onnx"]);
    expect(page).not.toContain("undefined");
    expect(page).not.toContain("Accuracy");
  });

  it("gives a metric between two models one value", () => {
    const page = reportHtml({ ...full, accuracy: { metric: "cosine", samples: 8, float: 1, quantized: 0.99961 } });
    expect(page).toContain("quantized against float, on 8 samples");
    expect(cells(page, "Quantized against float")).toEqual(["Quantized against float", "0.9996", ""]);
    expect(cells(page, "Float")).toEqual([]);
  });

  it("escapes every value", () => {
    const page = reportHtml(hostileCopy(full) as Report);
    expect(page.match(/<script/g)).toBeNull();
    expect(page).not.toContain(hostile);
    expect(page.split(escaped).length).toBeGreaterThan(15);
    expect(page.match(/[^\P{Cc}\t\n\r]|\p{Surrogate}/u)).toBeNull();
  });

  it("needs nothing else, and allows nothing else", () => {
    const page = reportHtml(full);
    expect(page.replaceAll("&#39;", "'")).toContain("default-src 'none'; style-src 'unsafe-inline'");
    expect(page).not.toMatch(/<script|<link|<img|\son\w+=|url\(|@import|https?:/);
  });
});

/** The same report with every text replaced, keys of operators too; severities and metrics choose what is drawn and stay. */
function hostileCopy(value: unknown, key = ""): unknown {
  if (typeof value === "string") return ["severity", "metric"].includes(key) ? value : hostile;
  if (Array.isArray(value)) return value.map((item) => hostileCopy(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [key === "operators" ? hostile + name : name, hostileCopy(item, name)]),
  );
}
