import { hasMeasurements } from "./measurements.ts";
import { validate } from "./validate.ts";
import { validationText } from "./validation-text.ts";

if (!hasMeasurements) {
  console.error("needs the published latencies in ../shared/fixtures/latencies.json beside the checkout");
  process.exitCode = 2;
} else {
  const validation = validate();
  console.log(process.argv.includes("--json") ? JSON.stringify(validation, null, 1) : validationText(validation));
}
