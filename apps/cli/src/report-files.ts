import { join } from "node:path";
import type { Report } from "@millrace/toolkit";
import type { OutputFile } from "./output-files.ts";

/** `report.json` and `report.html` in a folder. */
export async function reportFiles(folder: string, report: Report): Promise<readonly OutputFile[]> {
  const { reportHtml } = await import("@millrace/toolkit");
  const encode = (text: string) => new TextEncoder().encode(text);
  return [
    { path: join(folder, "report.json"), bytes: encode(`${JSON.stringify(report, null, 2)}\n`) },
    { path: join(folder, "report.html"), bytes: encode(reportHtml(report)) },
  ];
}
