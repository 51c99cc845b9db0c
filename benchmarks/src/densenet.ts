import { type OnnxAttribute, type OnnxNode, type OnnxTensor, writeOnnx } from "@millrace/formats/onnx";

const blocks = [6, 12, 24, 16];
const growth = 32;

/**
 * DenseNet-121 as old exporters wrote it, batch norm followed by a factor and an offset per channel: 1,757 nodes, all weights made by
 * ConstantOfShape. The graph's shape is that of the published network; the weights carry nothing.
 */
export function denseNetModel(): Uint8Array {
  const writer = new DenseNetWriter();
  let x = writer.normalized(writer.conv("data", 3, 64, 7, 2, 3), 64);
  x = writer.pool("MaxPool", x, 3, 2, 1);
  let channels = 64;
  for (const [index, layers] of blocks.entries()) {
    for (let layer = 0; layer < layers; layer++) {
      const bottleneck = writer.conv(writer.normalized(x, channels), channels, 4 * growth, 1, 1, 0);
      const added = writer.conv(writer.normalized(bottleneck, 4 * growth), 4 * growth, growth, 3, 1, 1);
      x = writer.node("Concat", [x, added], [integer("axis", 1)]);
      channels += growth;
    }
    x = writer.normalized(x, channels);
    if (index === blocks.length - 1) break;
    x = writer.pool("AveragePool", writer.conv(x, channels, channels / 2, 1, 1, 0), 2, 2, 0);
    channels /= 2;
  }
  const y = writer.conv(writer.node("GlobalAveragePool", [x]), channels, 1000, 1, 1, 0);
  return writer.finish(y);
}

class DenseNetWriter {
  readonly #nodes: OnnxNode[] = [];
  readonly #shapes: OnnxTensor[] = [];

  node(opType: string, inputs: readonly string[], attributes: readonly OnnxAttribute[] = []): string {
    const output = `${opType}_${this.#nodes.length}`;
    this.#nodes.push({ name: output, opType, domain: "", inputs, outputs: [output], attributes });
    return output;
  }

  #weights(shape: readonly number[]): string {
    const name = `shape_${this.#shapes.length}`;
    this.#shapes.push({ name, dims: [shape.length], dataType: 7, int64Data: BigInt64Array.from(shape, BigInt) });
    const value: OnnxTensor = { name: "", dims: [1], dataType: 1, floatData: Float32Array.of(0.01) };
    return this.node("ConstantOfShape", [name], [{ name: "value", type: 4, tensor: value }]);
  }

  conv(x: string, from: number, to: number, size: number, stride: number, padding: number): string {
    const weights = this.#weights([to, from, size, size]);
    return this.node("Conv", [x, weights], [...window(size, stride, padding)]);
  }

  pool(opType: string, x: string, size: number, stride: number, padding: number): string {
    return this.node(opType, [x], window(size, stride, padding));
  }

  /** Batch norm, factor, offset and ReLU. */
  normalized(x: string, channels: number): string {
    const vectors = Array.from({ length: 4 }, () => this.#weights([channels]));
    const norm = this.node("BatchNormalization", [x, ...vectors], [{ name: "epsilon", type: 1, float: 1e-5 }]);
    const perChannel = () => this.node("Unsqueeze", [this.#weights([channels])], [integers("axes", [1, 2])]);
    const scaled = this.node("Mul", [norm, perChannel()]);
    return this.node("Relu", [this.node("Add", [scaled, perChannel()])]);
  }

  finish(output: string): Uint8Array {
    const info = (name: string, sizes: readonly number[]) => ({
      name,
      type: { tensor: { elementType: 1, shape: { dims: sizes.map((value) => ({ value })) } } },
    });
    return writeOnnx({
      irVersion: 4,
      opsetImports: [{ domain: "", version: 9 }],
      functions: [],
      graph: {
        name: "densenet121",
        nodes: this.#nodes,
        initializers: this.#shapes,
        sparseInitializers: [],
        valueInfos: [],
        inputs: [info("data", [1, 3, 224, 224])],
        outputs: [info(output, [1, 1000, 1, 1])],
      },
    });
  }
}

function window(size: number, stride: number, padding: number): OnnxAttribute[] {
  return [
    integers("kernel_shape", [size, size]),
    integers("strides", [stride, stride]),
    integers("pads", [padding, padding, padding, padding]),
  ];
}

function integer(name: string, value: number): OnnxAttribute {
  return { name, type: 2, int: value };
}

function integers(name: string, values: readonly number[]): OnnxAttribute {
  return { name, type: 7, ints: values };
}
