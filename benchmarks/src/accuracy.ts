import { type Dataset, type Inference, metrics, type Outputs } from "@millrace/toolkit";
import { arePresent, type BenchmarkNet, benchmarkNets, samplesOf } from "./accuracy-nets.ts";
import { areaUnderCurve, meanOf, pairedDifference, type Statistic } from "./accuracy-statistics.ts";
import { type Subject, subjectsOf } from "./accuracy-subjects.ts";
import { type Benchmark, type Row, row } from "./row.ts";

/** A subject with what it scored on each test sample and on all of them. */
interface Scored extends Subject {
  readonly scores: readonly number[];
  readonly value: number;
}

/**
 * Accuracy of quantized networks on all test samples, beside the same networks in float and by other tools. Words of the command line that name
 * networks leave out the others. Tells more on standard error.
 */
export const compareAccuracy: Benchmark = async () => {
  const named = benchmarkNets.filter(({ name }) => process.argv.includes(`--${name.toLowerCase()}`));
  const nets = named.length > 0 ? named : benchmarkNets;
  if (!arePresent(nets)) return { skipped: "needs ../shared/fixtures and ../shared/assets" };
  const rows: Row[] = [];
  for (const net of nets) rows.push(...(await compareNet(net)));
  return rows;
};

async function compareNet(net: BenchmarkNet): Promise<readonly Row[]> {
  const data = await samplesOf(net);
  const statistic = statisticOf(data);
  const subjects = await subjectsOf(net, data);
  const scored = async (subject: Subject): Promise<Scored> => {
    const scores = await scoresOf(subject, data);
    return { ...subject, scores, value: statistic(scores, [...scores.keys()]) };
  };
  const float = await scored(subjects.float);
  const ours = await eachOf(subjects.ours, scored);
  const peers = await eachOf(subjects.peers, scored);
  const [byDefault] = ours;
  console.error(
    `\n${net.name}: ${data.metric} over ${data.split.test.length} samples; differences with a 95 % interval (paired bootstrap)`,
  );
  for (const subject of [float, ...ours, ...peers]) console.error(`  ${described(subject, float, statistic)}`);
  for (const peer of peers)
    console.error(
      `  Millrace's default less ${peer.name}: ${shown(pairedDifference(byDefault.scores, peer.scores, statistic))}`,
    );
  return rowsOf(net, data.metric === "top1" ? "top-1 error" : "1 - AUC", { float, byDefault, ours, peers });
}

interface Results {
  readonly float: Scored;
  readonly byDefault: Scored;
  readonly ours: readonly Scored[];
  readonly peers: readonly Scored[];
}

function rowsOf(net: BenchmarkNet, metric: string, { float, byDefault, ours, peers }: Results): readonly Row[] {
  const missed = (value: number) => Number((1 - value).toFixed(4));
  const against = (value: number, name: string) =>
    row(`${metric} of ${net.name}`, missed(byDefault.value), missed(value), name, "");
  const figures = net.peers.flatMap((peer) => ("value" in peer ? [against(peer.value, `${peer.maker}, stated`)] : []));
  const seconds = net.seconds === undefined ? [] : [net.seconds];
  return [
    ...[float, ...ours.slice(1), ...peers].map(({ value, name }) => against(value, name)),
    ...figures,
    ...peers.map(({ name, bytes }) => row(`size of ${net.name}`, byDefault.bytes / 1000, bytes / 1000, name, "kB")),
    ...seconds.map((peer) => row(`quantize ${net.name}`, byDefault.seconds!, peer, "TensorFlow 2.21, stated", "s")),
  ];
}

function statisticOf(data: Dataset): Statistic {
  return data.metric === "top1" ? meanOf : areaUnderCurve(data.split.test.map((sample) => data.labels![sample]));
}

async function eachOf<T, R>(items: readonly T[], make: (item: T) => Promise<R>): Promise<R[]> {
  const made: R[] = [];
  for (const item of items) made.push(await make(item));
  return made;
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

function described(subject: Scored, float: Scored, statistic: Statistic): string {
  const { name, value, bytes, seconds, scores } = subject;
  const difference = subject === float ? "" : `${shown(pairedDifference(scores, float.scores, statistic))} from float`;
  const time = seconds === undefined ? "" : `${seconds.toFixed(2)} s`;
  return [name.padEnd(28), value.toFixed(4), difference.padEnd(38), `${bytes} bytes`, time].join("  ").trimEnd();
}

function shown({ value, low, high }: ReturnType<typeof pairedDifference>): string {
  return `${signed(value)} [${signed(low)}, ${signed(high)}]`;
}

function signed(value: number): string {
  return `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(4)}`;
}
