import { elementCount, type Node, type Value } from "@millrace/ir";
import { affineOf, linearScaling, type Scaling } from "@millrace/runtime";
import { asOneRow, emitConvolution, onePixel, refuseWeights } from "./emit-convolution.ts";
import { firstOf, type Lowering, type Writer } from "./lowering.ts";
import { factorProduct } from "./matrix-product.ts";
import { scalingFieldsOf } from "./scaling.ts";
import { elementsOf, refuseNumbers, sizesOf } from "./shared-rules.ts";

/** Emits a convolution of one row with a pixel for each row of a node's data; the filters are as long as these. */
function emitRows(node: Node, writer: Writer, filters: Int8Array, scaling: Scaling): void {
  const [x] = node.inputs as [Value];
  const { channels } = scaling;
  const window = {
    ...onePixel,
    ...elementsOf(node),
    ...asOneRow(elementCount(sizesOf(node.outputs[0])) / channels),
    input: writer.placeOf(x),
    output: writer.placeOf(node.outputs[0]),
    depth: filters.length / channels,
    channels,
    count: channels,
    inputZero: affineOf(x, node).zeroPoint,
  };
  emitConvolution(writer, [window], filters, scalingFieldsOf(node, scaling, writer));
}

export const fullyConnected: Lowering = {
  refuse: (node, machine) => refuseNumbers(node, machine) ?? refuseWeights(node),
  write: (node, writer) =>
    emitRows(node, writer, node.inputs[1]!.constant!.data as Int8Array, linearScaling(node, writer.context)),
};

/** The columns of a matrix, one after the other. */
function columnsOf(matrix: Int8Array, columns: number): Int8Array {
  const rows = matrix.length / columns;
  return Int8Array.from(matrix, (_, at) => matrix[(at % rows) * columns + Math.floor(at / rows)]);
}

/** A product whose second factor is one constant matrix without a zero point. */
const weightedProduct: Lowering = {
  refuse(node, machine) {
    const { type } = node.inputs[1]!;
    return (
      refuseNumbers(node, machine) ??
      refuseWeights(node) ??
      firstOf([type.quantization?.axis !== undefined, "its weights have several scales"])
    );
  },
  write(node, writer) {
    const matrix = node.inputs[1]!.constant!.data as Int8Array;
    const channels = sizesOf(node.outputs[0]).at(-1)!;
    const filters = node.attributes.transposeB ? matrix : columnsOf(matrix, channels);
    emitRows(node, writer, filters, { channels, kind: "legacy" });
  },
};

/** A product with weights where its second factor can be such, else of two factors. */
export const matrixProduct: Lowering = {
  refuse: (node, machine) => (hasWeights(node) ? weightedProduct : factorProduct).refuse(node, machine),
  write: (node, writer) => (hasWeights(node) ? weightedProduct : factorProduct).write(node, writer),
};

function hasWeights({ inputs, attributes }: Node): boolean {
  const { constant, type } = inputs[1]!;
  const isOne = constant !== undefined && elementCount(constant.shape.slice(0, -2)) === 1;
  return isOne && !attributes.transposeA && (type.quantization?.zeroPoint ?? []).every((zero) => zero === 0);
}
