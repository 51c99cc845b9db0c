import type { Graph } from "@millrace/ir";
import {
  classProbabilities,
  convolution,
  depthwise,
  firstChannels,
  fullyConnected,
  globalAveragePooling,
  inOrder,
  type Layer,
  maximumPooling,
  network,
  residual,
} from "./layers.ts";

const point = { kernel: [1, 1] } as const;
const square = { kernel: [3, 3] } as const;

/** DS-CNN-S of "Hello Edge" (Zhang et al. 2017): keywords in 49 frames of 10 coefficients. */
export function dsCnnSmall(): Graph {
  const separable = [depthwise(square), convolution(64, point)];
  return network(
    "ds-cnn-s",
    [1, 49, 10, 1],
    [
      convolution(64, { kernel: [10, 4], stride: 2 }),
      ...Array.from({ length: 4 }, () => separable).flat(),
      ...classifier(12),
    ],
  );
}

/** The CIFAR-10 network of CMSIS-NN's example (Lai et al. 2018), as vendors demonstrate it with twice the channels in its last two layers. */
export function cifarNet(): Graph {
  const window = { kernel: [5, 5] } as const;
  return network(
    "cifarnet",
    [1, 32, 32, 3],
    [
      convolution(32, window, "none"),
      maximumPooling(3, 2),
      convolution(32, window, "none"),
      maximumPooling(3, 2),
      convolution(64, window, "none"),
      maximumPooling(3, 2),
      fullyConnected(10),
      classProbabilities,
    ],
  );
}

/** MobileNetV1 (Howard et al. 2017) for 1001 classes; `alpha` scales the channels of every layer. */
export function mobileNetV1(alpha: number, size: number): Graph {
  const channels = (count: number) => Math.round(count * alpha);
  const blocks = [
    [64, 1],
    [128, 2],
    [128, 1],
    [256, 2],
    [256, 1],
    [512, 2],
    ...Array.from({ length: 5 }, () => [512, 1]),
  ];
  const separable = [...blocks, [1024, 2], [1024, 1]].flatMap(([count, stride]) => [
    depthwise({ ...square, stride }),
    convolution(channels(count), point),
  ]);
  return network(
    "mobilenet-v1",
    [1, size, size, 3],
    [convolution(channels(32), { ...square, stride: 2 }), ...separable, ...classifier(1001)],
  );
}

/** Expansion, channels and stride of MobileNetV2's first blocks. */
const firstBlocks = [
  [1, 16, 1],
  [6, 24, 2],
  [6, 24, 1],
  [6, 32, 2],
  [6, 32, 1],
  [6, 32, 1],
] as const;

/**
 * FOMO: MobileNetV2 (Sandler et al. 2018) up to where its seventh block widens, an eighth of the image's size, and two convolutions that tell
 * the class of each place; the last has four channels, of which as many are kept as there are classes.
 */
export function fomo(alpha: number, size: number, classes: number): Graph {
  const channels = (count: number) => wholeEights(count * alpha);
  const blocks = firstBlocks.map(([expansion, count, stride]) => invertedResidual(expansion, channels(count), stride));
  return network(
    "fomo",
    [1, size, size, 3],
    [
      convolution(channels(32), { ...square, stride: 2 }),
      ...blocks,
      convolution(6 * channels(32), point),
      convolution(32, point, "relu"),
      convolution(4, point, "none"),
      firstChannels(classes),
      classProbabilities,
    ],
  );
}

/** Channels widened, each filtered, and narrowed again; added to the data where sizes allow. */
function invertedResidual(expansion: number, channels: number, stride: number): Layer {
  return (x, graph) => {
    const depth = x.type.shape[3] as number;
    const layers = [
      ...(expansion === 1 ? [] : [convolution(expansion * depth, point)]),
      depthwise({ ...square, stride }),
      convolution(channels, point, "none"),
    ];
    return (stride === 1 && depth === channels ? residual(layers) : inOrder(layers))(x, graph);
  };
}

/** The multiple of 8 next to a count, at least 8 and nine tenths of it, as TensorFlow's models round. */
function wholeEights(count: number): number {
  const rounded = Math.max(8, Math.floor((count + 4) / 8) * 8);
  return rounded < 0.9 * count ? rounded + 8 : rounded;
}

function classifier(classes: number): readonly Layer[] {
  return [globalAveragePooling, fullyConnected(classes), classProbabilities];
}
