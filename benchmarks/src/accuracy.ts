import { folderFiles } from "@millrace/devices/node";
import { type Dataset, type Inference, metrics, type Outputs, openDataset } from "@millrace/toolkit";
import { arePresent, type BenchmarkNet, mlperfNets, mobileNetV2 } from "./accuracy-nets.ts";
import { areaUnderCurve, meanOf, pairedDifference, type Statistic } from "./accuracy-statistics.ts";
import { type Subject, subjectsOf } from "./accuracy-subjects.ts";
import { type Benchmark, type Row, row } from "./row.ts";

/** Accuracy of int8 networks on all test samples, beside the same networks in float and by other tools. Tells more on standard error. */
export const compareAccuracy: Benchmark = () => compareNets(mlperfNets);

const slowName = "accuracy-mobilenet";

/** The same for MobileNetV2, which takes minutes and is therefore only run by name. */
export const compareMobileNetAccuracy: Benchmark = async () =>
  process.argv.includes(slowName) ? compareNets([mobileNetV2]) : { skipped: `it takes minutes; ask for ${slowName}` };

async function compareNets(nets: readonly BenchmarkNet[]): ReturnType<Benchmark> {
  if (!arePresent(nets)) return { skipped: "needs ../shared/fixtures and ../shared/assets" };
  const rows: Row[] = [];
  for (const net of nets) rows.push(...(await compareNet(net)));
  return rows;
}

async function compareNet(net: BenchmarkNet): Promise<readonly Row[]> {
  const data = await openDataset(folderFiles(net.data));
  const subjects = await subjectsOf(net, data);
  const scores: number[][] = [];
  for (const subject of subjects) scores.push(await scoresOf(subject, data));
  const statistic = statisticOf(data);
  const everySample = scores[0].map((_, sample) => sample);
  const values = scores.map((list) => statistic(list, everySample));
  report(net, data, subjects, scores, values, statistic);
  const [, ours, ...others] = subjects;
  const metric = data.metric === "top1" ? "top-1 error" : "1 - AUC";
  const rows = subjects.flatMap((subject, at) =>
    subject === ours ? [] : [row(`${metric} of ${net.name}`, missed(values[1]), missed(values[at]), subject.name, "")],
  );
  rows.push(
    ...others.map(({ name, bytes }) => row(`size of ${net.name}`, ours.bytes / 1000, bytes / 1000, name, "kB")),
  );
  if (net.seconds) rows.push(row(`quantize ${net.name}`, ours.seconds!, net.seconds, net.tflite.maker, "s"));
  return rows;
}

/** What is missing to 1, to four decimals. */
function missed(value: number): number {
  return Number((1 - value).toFixed(4));
}

function statisticOf(data: Dataset): Statistic {
  return data.metric === "top1" ? meanOf : areaUnderCurve(data.split.test.map((sample) => data.labels![sample]));
}

/** One number for each test sample: whether the first choice is right, or the reconstruction error. */
async function scoresOf({ inputs, infer }: Subject, data: Dataset): Promise<number[]> {
  const scores: number[] = [];
  for (const sample of data.split.test) {
    const inferences = await data.feeds(sample, inputs);
    const outputs: Outputs[] = [];
    for (const inference of inferences) outputs.push(await infer(inference));
    scores.push(data.metric === "top1" ? isRight(sample, inferences, outputs, data) : errorOf(inferences, outputs));
  }
  return scores;
}

function isRight(sample: number, inputs: readonly Inference[], outputs: readonly Outputs[], data: Dataset): number {
  const [scores] = outputs[0].values();
  const accumulator = metrics.top1.create();
  accumulator.add({ label: data.labelsFor(scores.data.length)?.[sample], inputs, outputs });
  return accumulator.result().value;
}

/** The mean squared difference of outputs and inputs. */
function errorOf(inputs: readonly Inference[], outputs: readonly Outputs[]): number {
  const accumulator = metrics.mse.create();
  accumulator.add({ inputs, outputs, reference: inputs });
  return accumulator.result().value;
}

function report(
  { name }: BenchmarkNet,
  { metric, split }: Dataset,
  subjects: readonly Subject[],
  scores: readonly (readonly number[])[],
  values: readonly number[],
  statistic: Statistic,
): void {
  console.error(
    `\n${name}: ${metric} over ${split.test.length} samples; ours less the other's with a 95 % interval (paired bootstrap)`,
  );
  for (const [at, subject] of subjects.entries()) {
    const { value, low, high } = pairedDifference(scores[1], scores[at], statistic);
    const shown = at === 1 ? "" : `${signed(value)} [${signed(low)}, ${signed(high)}]`;
    const seconds = subject.seconds === undefined ? "" : `${subject.seconds.toFixed(2)} s`;
    const cells = [subject.name.padEnd(20), values[at].toFixed(4), shown.padEnd(26), `${subject.bytes} bytes`, seconds];
    console.error(`  ${cells.join("  ").trimEnd()}`);
  }
}

function signed(value: number): string {
  return `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(4)}`;
}
