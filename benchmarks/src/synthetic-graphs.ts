import {
  encodeAttribute,
  encodeTensor,
  type OnnxAttribute,
  type OnnxNode,
  type OnnxTensor,
  writeOnnx,
} from "@millrace/formats/onnx";

/** ONNX files of about `count` nodes in shapes that a converter could be slow on, by name. */
export const syntheticGraphs: Readonly<Record<string, (count: number) => Uint8Array>> = {
  "a long chain": (count) => {
    const file = new SyntheticFile();
    let x = "x";
    for (let index = 0; index < count; index++) x = file.node(index % 2 ? "Sigmoid" : "Tanh", [x]);
    return file.finish([x]);
  },
  "wide branches": (count) => {
    const file = new SyntheticFile();
    const branches = Array.from({ length: count / 3 }, () =>
      file.node("Mul", [file.node("Sigmoid", [file.node("Exp", ["x"])]), file.vector()]),
    );
    return file.finish([file.node("Concat", branches, [encodeAttribute("axis", { kind: "INT", value: 1 })])]);
  },
  "many constants": (count) => {
    const file = new SyntheticFile();
    let x = "x";
    for (let index = 0; index < count; index++) x = file.node(index % 2 ? "Max" : "Add", [x, file.vector()]);
    return file.finish([x]);
  },
  "channel-first convolutions": (count) => {
    const file = new SyntheticFile();
    let x = "x";
    for (let index = 0; index < count / 4; index++) {
      const convolved = file.node("Relu", [file.node("Conv", [x, file.kernel()])]);
      x = file.node("Add", [file.node("Conv", [convolved, file.kernel()]), x]);
    }
    return file.finish([x]);
  },
};

const channels = 4;

class SyntheticFile {
  readonly #nodes: OnnxNode[] = [];
  readonly #constants: OnnxTensor[] = [];

  node(opType: string, inputs: readonly string[], attributes: readonly OnnxAttribute[] = []): string {
    const output = `${opType}_${this.#nodes.length}`;
    this.#nodes.push({ name: output, opType, domain: "", inputs, outputs: [output], attributes });
    return output;
  }

  /** A number for each channel. */
  vector(): string {
    return this.#constant([channels, 1, 1]);
  }

  /** Weights of a convolution that looks at single points. */
  kernel(): string {
    return this.#constant([channels, channels, 1, 1]);
  }

  #constant(dims: readonly number[]): string {
    const name = `constant_${this.#constants.length}`;
    const size = dims.reduce((product, length) => product * length, 1);
    const data = Float32Array.from({ length: size }, (_, at) => ((this.#constants.length + at) % 97) / 97);
    this.#constants.push(encodeTensor(name, { dataType: "FLOAT", dims, data }));
    return name;
  }

  finish(outputs: readonly string[]): Uint8Array {
    const dims = [1, channels, 2, 2].map((value) => ({ value }));
    return writeOnnx({
      irVersion: 8,
      opsetImports: [{ domain: "", version: 17 }],
      functions: [],
      graph: {
        name: "synthetic",
        nodes: this.#nodes,
        initializers: this.#constants,
        sparseInitializers: [],
        valueInfos: [],
        inputs: [{ name: "x", type: { tensor: { elementType: 1, shape: { dims } } } }],
        outputs: outputs.map((name) => ({ name })),
      },
    });
  }
}
