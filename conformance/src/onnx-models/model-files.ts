import { readdirSync, readFileSync } from "node:fs";
import { readNpz } from "@millrace/formats/npy";
import { fromNumbers } from "@millrace/ir";
import type { ModelSettings } from "../converted-model.ts";
import { isShared, pathOf } from "../golden.ts";

/** An ONNX file beside the checkout, and what to expect of it. */
export interface ModelFile extends Expectation {
  /** Of the file, under the shared folder. */
  readonly name: string;
  readonly settings: ModelSettings;
}

interface Expectation {
  /** The code of the diagnostic that refuses it, and why. */
  readonly refused?: readonly [code: string, why: string];
  /** Most transposes in the file of a convolutional network, and what they are for; none where this is not given. */
  readonly transposes?: readonly [count: number, why: string];
  /** False for networks of recurrent layers, whose transposes belong to what they compute. */
  readonly isConvolutional?: boolean;
  /** Steps of an integer result that onnxruntime may be away, and why. */
  readonly steps?: readonly [count: number, why: string];
}

const channelFirst = "its input has three axes and keeps the channels first";
const onePlace = "its result keeps the channels first";
const heads = "heads stand before the sequence in each of four attentions and after it again";
const windows =
  "heads of four attentions, windows that are cut and joined around three, and blocks merged before three stages";
const twice = "TFLite rounds products twice, which the softmax at the end makes more of";

const stored = (name: string) => readNpz(new Uint8Array(readFileSync(pathOf(`assets/onnx_models/${name}.io.npz`))));

/** By a part of the name: what a file needs or shows that others don't. */
const particular: readonly (readonly [part: RegExp, Expectation, settings?: () => ModelSettings])[] = [
  [
    /byte_sb_bidi_lstm/,
    { isConvolutional: false },
    () => {
      const input = stored("byte_sb_bidi_lstm").get("input")!;
      return { shapes: { input: input.shape }, feeds: { input } };
    },
  ],
  [/ch_ppocr/, {}, () => ({ shapes: { x: [1, 3, 48, 192] } })],
  [/hls4ml_three_layer/, {}, () => ({ shapes: { "0": [16, 16] }, isOld: true })],
  [/hls4ml_tiny_unet/, {}, () => ({ shapes: { global_in: [1, 64, 64, 3] }, isOld: true })],
  [/magika/, { isConvolutional: false }, () => ({ greatest: 256 })],
  [/qtdnn/, {}, () => ({ dimensions: { input_0: 10 } })],
  [
    /silero/,
    { isConvolutional: false },
    () => ({ shapes: { input: [1, 576], state: [2, 1, 128] }, values: { sr: fromNumbers("i64", [], [16000]) } }),
  ],
  [/dtln|gru|lstm/, { isConvolutional: false }],
  [/swin/, { transposes: [15, windows] }],
  [/vit/, { transposes: [8, heads] }],
  [/esp_dl|onnx_functions\/tcn|torch26\/tcn/, { transposes: [1, channelFirst] }],
  [/yolo_like/, { transposes: [1, onePlace] }],
  [
    /peers\/ad/,
    { steps: [32, "batch norms are in the weights, and onnxruntime's rounding before each of them is gone"] },
  ],
  [/peers\/ic/, { steps: [24, twice] }],
  [/peers\/kws/, { steps: [10, twice] }],
];

/** Every ONNX file in the shared folder. */
export function modelFiles(): readonly ModelFile[] {
  if (!isShared) return [];
  const names = readdirSync(pathOf(""), { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith(".onnx"))
    .sort()
    .map((name) => {
      const [, expectation = {}, settings = () => ({})] = particular.find(([part]) => part.test(name)) ?? [];
      return { name, settings: settings(), ...expectation };
    });
}
