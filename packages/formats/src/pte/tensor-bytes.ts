import type { Trail } from "../flatbuffer/trail.ts";
import type { ScalarTypeName } from "./types.ts";

const sizes: Readonly<Record<ScalarTypeName, number>> = {
  BYTE: 1,
  CHAR: 1,
  SHORT: 2,
  INT: 4,
  LONG: 8,
  HALF: 2,
  FLOAT: 4,
  DOUBLE: 8,
  COMPLEXHALF: 4,
  COMPLEXFLOAT: 8,
  COMPLEXDOUBLE: 16,
  BOOL: 1,
  QINT8: 1,
  QUINT8: 1,
  QINT32: 4,
  BFLOAT16: 2,
  QUINT4X2: 1,
  QUINT2X4: 1,
  BITS1X8: 1,
  BITS2X4: 1,
  BITS4X2: 1,
  BITS8: 1,
  BITS16: 2,
  FLOAT8E5M2: 1,
  FLOAT8E4M3FN: 1,
  FLOAT8E5M2FNUZ: 1,
  FLOAT8E4M3FNUZ: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
};

interface Layout {
  readonly scalarType?: string;
  readonly sizes?: readonly number[];
  readonly dimOrder?: readonly number[];
}

/**
 * How many bytes a tensor's elements take; undefined where the element type is not known. Fails with `malformed` where a size is
 * negative or `dimOrder` is no order of the dimensions.
 */
export function tensorBytes(layout: Layout, trail: Trail): number | undefined {
  const { scalarType = "BYTE", sizes: dimensions = [], dimOrder = [] } = layout;
  const hint = "the file is damaged, or was made by a faulty exporter; export it again";
  const negative = dimensions.find((size) => size < 0);
  if (negative !== undefined) trail.fail("malformed", `a dimension has the size ${negative}`, hint);
  const seen = new Set(dimOrder.filter((dimension) => dimension < dimensions.length));
  if (seen.size !== dimensions.length || dimOrder.length !== dimensions.length) {
    trail.fail("malformed", `[${dimOrder.slice(0, 16)}] is no order of ${dimensions.length} dimensions`, hint);
  }
  const size = Object.hasOwn(sizes, scalarType) ? sizes[scalarType as ScalarTypeName] : undefined;
  return size && dimensions.reduce((product, dimension) => product * dimension, size);
}
