export { type ArrayDataset, type ArrayInput, datasetFromArrays } from "./arrays.ts";
export type { Dataset, Inference } from "./dataset.ts";
export {
  type DatasetDescription,
  type InputDescription,
  type LabelsDescription,
  type MetricName,
  metricNames,
  parseDatasetDescription,
  type SplitDescription,
  type WindowDescription,
} from "./description.ts";
export { DatasetError } from "./error.ts";
export { type Files, memoryFiles } from "./files.ts";
export type { ModelInput } from "./fit.ts";
export { type Accumulator, type Metric, metrics, type Observation, type Outputs, type Score } from "./metrics.ts";
export { noData } from "./no-data.ts";
export { type OpenOptions, openDataset } from "./open.ts";
export { type RandomNumbers, randomDataset } from "./random.ts";
export type { Split } from "./split.ts";
