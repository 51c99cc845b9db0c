import { readFileSync, writeFileSync } from "node:fs";
import { convert } from "@millrace/toolkit";

const [input, output] = process.argv.slice(2);
writeFileSync(output, convert({ name: input, bytes: new Uint8Array(readFileSync(input)) }, { to: "tflite" }).bytes);
console.log(process.resourceUsage().maxRSS);
