/** An exported program beside the checkout, with what PyTorch made of stored inputs, and the ONNX file of the same network. */
export interface ProgramFile {
  /** Of the file, under the shared folder. */
  readonly name: string;
  /** Inputs and results, a sample for each index of the first axis. */
  readonly samples: readonly [inputs: string, results: string];
  /** How an input's axes stand in the program, where they are stored in another order. */
  readonly permutation?: readonly number[];
  /** Of the ONNX file, which has the batch norms of the network in its weights. */
  readonly onnx?: string;
  /** Why the operators of the written file are others than those of the ONNX file. */
  readonly differs?: string;
}

const stacked =
  "core ATen stacks states that have a unit axis, ONNX's layer becomes steps whose stack needs a reshape for it";

function network(folder: string, inputs: string, results: string, onnx: string) {
  return (file: string, more: Partial<ProgramFile> = {}): ProgramFile => ({
    name: `fixtures/${folder}/${file}`,
    samples: [`fixtures/${folder}/${inputs}`, `fixtures/${folder}/${results}`],
    onnx: `fixtures/${folder}/${onnx}`,
    ...more,
  });
}

const digits = network("digits", "golden_in.npy", "golden_out.npy", "digits.onnx");
const vibration = (name: string) =>
  network("vibration", `${name}_golden_in.npy`, `${name}_golden_out.npy`, `${name}.onnx`);
const trained = (name: string, onnx: string) =>
  network(`trained/${name}`, "x8.npy", "y8_logits.npy", `${name}.${onnx}`);
const early = (name: string) => network("torch26", `${name}.in.npy`, `${name}.out.npy`, `${name}.onnx`)(`${name}.pt2`);
const structural = (name: string) =>
  network(`structural/${name}`, "x.npy", "y.npy", `${name}.dynamo18.onnx`)(`${name}.train.pt2`);
const mlperf = (folder: string, name: string) =>
  network(`mlperf/${folder}`, "x8_nhwc.npy", "y8_float.npy", `${name}.opset13.onnx`);
const image = { permutation: [0, 3, 1, 2] } as const;

const lstm = trained("lstm_rows", "opset13.onnx");
const tcn = trained("tcn", "opset13.onnx");
const transformer = trained("vit_sdpa_p7", "opset17.onnx");
const anomaly = mlperf("ad01", "ad");
const images = mlperf("ic_resnet8", "ic");
const keywords = mlperf("kws_dscnn", "kws");

/** Every exported program in the shared folder that has stored results. */
export const programFiles: readonly ProgramFile[] = [
  digits("digits.pt2"),
  digits("digits_core.pt2"),
  ...["dscnn_kws", "gru", "resnet8", "tcn", "unet_tiny"].map(early),
  lstm("lstm_rows.train.pt2"),
  lstm("lstm_rows.core.pt2"),
  tcn("tcn.train.pt2"),
  tcn("tcn.core.pt2"),
  transformer("vit_sdpa_p7.train.pt2"),
  transformer("vit_sdpa_p7.core.pt2"),
  structural("unet"),
  structural("yolo_like"),
  vibration("autoencoder")("autoencoder.pt2"),
  vibration("autoencoder")("autoencoder_core.pt2"),
  vibration("gru")("gru.pt2"),
  vibration("gru")("gru_core.pt2", { differs: stacked }),
  anomaly("ad.train.pt2"),
  anomaly("ad.core.pt2"),
  ...["ic.train.pt2", "ic.core.pt2", "ic.dynbatch.train.pt2", "ic.dynbatch.core.pt2"].map((file) =>
    images(file, image),
  ),
  ...["kws.train.pt2", "kws.core.pt2", "kws.dynbatch.train.pt2", "kws.dynbatch.core.pt2"].map((file) =>
    keywords(file, image),
  ),
];
