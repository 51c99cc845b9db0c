import { describe, expect, test } from "vitest";
import { mayImport, readTable, unitOf } from "./table.ts";

const table = `# Title
| other | table |
|---|---|
| x | y |

| package | purpose | may import |
|---|---|---|
| \`formats\` | files | – |
| targets/* | write | formats |
| devices | run | formats, targets |
| toolkit | all | all above |
| devices/node | run on Node | devices |
| conformance, scripts | checks | all above |

| after | it |
`;
const rows = readTable(table);

describe("the table", () => {
  test("has a row for each name, with what it may import", () => {
    expect(rows).toEqual([
      { name: "formats", allowed: [] },
      { name: "targets/*", allowed: ["formats"] },
      { name: "devices", allowed: ["formats", "targets"] },
      { name: "toolkit", allowed: ["formats", "targets", "devices"] },
      { name: "devices/node", allowed: ["devices"] },
      { name: "conformance", allowed: ["formats", "targets", "devices", "toolkit", "devices/node"] },
      { name: "scripts", allowed: ["formats", "targets", "devices", "toolkit", "devices/node"] },
    ]);
  });

  test.each([
    ["targets/onnx", "formats", true],
    ["devices", "targets/onnx", true],
    ["formats", "devices", false],
    ["targets/onnx", "targets/tflite", false],
    ["targets/onnx", "targets/onnx", true],
    ["devices", "devices/node", false],
    ["devices/node", "devices", true],
    ["toolkit", "devices/node", false],
    ["scripts", "devices/node", true],
    ["scripts", "conformance", false],
  ])("%s importing %s: %s", (from, to, allowed) => {
    const [source, target] = [from, to].map((path) => unitOf(rows, path.split("/"))!);
    expect(mayImport(source, target)).toBe(allowed);
  });

  test("rules neither unknown packages nor files beside the folders of a family", () => {
    expect(unitOf(rows, ["search"])).toBeUndefined();
    expect(unitOf(rows, ["targets"])).toBeUndefined();
    expect(unitOf(rows, [])).toBeUndefined();
  });

  test("must exist and speak of its own rows only", () => {
    expect(() => readTable("# Nothing")).toThrow("no table");
    expect(() => readTable(table.replace("| devices |", "| gadgets |"))).toThrow("import devices, which has no row");
  });
});
