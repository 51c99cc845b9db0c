import { type Attributes, type Node, numbersOf, type Tensor, type Value } from "@millrace/ir";
import { add, mul, resize, resizePlaces, sub } from "@millrace/ops";
import { replaceNode } from "./edit.ts";
import { columnAxis, imageSizeOf, type PixelPicks, pixelPicksOf, rowAxis } from "./pixel-picks.ts";
import { producedBy, rewrite } from "./rewrite.ts";

/** What lies between two values, by the share of the second for each index of one axis of the images. */
interface Mixture {
  readonly parts: readonly [Value, Value];
  readonly shares: Tensor;
  readonly axis: number;
}

interface Found {
  readonly x: Value;
  readonly attributes: Attributes;
}

/** How far from where it should lie a place may be, in elements; exporters compute places in float32. */
const tolerance = 1e-4;
const kinds = ["halfPixel", "alignCorners", "asymmetric"] as const;

function isPlain({ attributes: { activation } }: Node): boolean {
  return activation === "none";
}

/** a + (b − a) · shares */
function mixtureOf(value: Value): Mixture | undefined {
  const sum = producedBy(value, add);
  if (!sum || !isPlain(sum)) return undefined;
  const [left, right] = sum.inputs as readonly [Value, Value];
  return mixed(left, right) ?? mixed(right, left);
}

function mixed(a: Value, product: Value): Mixture | undefined {
  const share = producedBy(product, mul);
  const apart = share?.inputs.map((input) => producedBy(input, sub)).find((node) => node !== undefined);
  const shares = share?.inputs.find((input) => input?.constant)?.constant;
  if (!share || !apart || !shares || !isPlain(share) || !isPlain(apart) || apart.inputs[1] !== a) return undefined;
  const axes = shares.shape.flatMap((size, axis) => (size === 1 ? [] : [axis + 4 - shares.shape.length]));
  return axes.length === 1 ? { parts: [a, apart.inputs[0]!], shares, axis: axes[0] } : undefined;
}

/** The four corners that a mixture of two mixtures mixes, and the two, which go along the same axis by the same shares. */
function cornersOf(whole: Mixture) {
  const [one, other] = whole.parts.map(mixtureOf);
  if (!one || !other || one.axis !== other.axis || one.axis === whole.axis) return undefined;
  if (!isSame(numbersOf(one.shares), numbersOf(other.shares))) return undefined;
  const [a, b, c, d] = [...one.parts, ...other.parts].map(pixelPicksOf);
  if (!a || !b || !c || !d || [b, c, d].some(({ x }) => x !== a.x)) return undefined;
  return { inner: one, corners: [a, b, c, d] as const };
}

function isSame(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return a.length === b.length && Array.from(a).every((number, at) => number === b[at]);
}

/** Where positions along one axis lie that are mixtures of neighbours; undefined where the corners do not go together. */
function placesAlong(
  mixture: Mixture,
  pairs: readonly (readonly [PixelPicks, PixelPicks])[],
): Float64Array | undefined {
  const along = (picks: PixelPicks) => (mixture.axis === rowAxis ? picks.rows : picks.columns);
  const [[lower, upper], [otherLower, otherUpper]] = pairs.map((pair) => pair.map(along));
  const shares = numbersOf(mixture.shares);
  if (!isSame(lower, otherLower) || !isSame(upper, otherUpper) || shares.length !== lower.length) return undefined;
  if (upper.some((index, at) => Math.abs(index - lower[at]) > 1)) return undefined;
  return Float64Array.from(lower, (index, at) => index + shares[at] * (upper[at] - index));
}

/** What PyTorch writes out to scale two columns of pixels to four. */
const mixtureText = (across: string) => `
        input x: f32[1,1,2,2]
        constant up: i64[2] = [0, 1]
        constant down: i64[2] = [1, 1]
        constant left: i64[4] = [0, 0, 0, 1]
        constant right: i64[4] = [1, 1, 1, 1]
        upper: f32[1,1,2,2] = gather(x, up) {axis=2}
        lower: f32[1,1,2,2] = gather(x, down) {axis=2}
        a: f32[1,1,2,4] = gather(upper, left) {axis=3}
        b: f32[1,1,2,4] = gather(upper, right) {axis=3}
        c: f32[1,1,2,4] = gather(lower, left) {axis=3}
        d: f32[1,1,2,4] = gather(lower, right) {axis=3}
        constant across: f32[4] = [${across}]
        constant along: f32[2,1] = [0, 0]
        ab: f32[1,1,2,4] = sub(b, a) {activation=none}
        abs: f32[1,1,2,4] = mul(ab, across) {activation=none}
        top: f32[1,1,2,4] = add(a, abs) {activation=none}
        cd: f32[1,1,2,4] = sub(d, c) {activation=none}
        cds: f32[1,1,2,4] = mul(cd, across) {activation=none}
        bottom: f32[1,1,2,4] = add(c, cds) {activation=none}
        tb: f32[1,1,2,4] = sub(bottom, top) {activation=none}
        tbs: f32[1,1,2,4] = mul(tb, along) {activation=none}
        y: f32[1,1,2,4] = add(top, tbs) {activation=none} from [up]
        output y`;

/** Makes one operator of mixtures of four picked pixels each that scale images, as core ATen of some versions writes it. */
export const recognizeBilinearResizes = rewrite<Found>("recognize-bilinear-resizes", {
  roots: [add],
  find(node) {
    const whole = mixtureOf(node.outputs[0]);
    const found = whole && cornersOf(whole);
    if (!whole || !found) return undefined;
    const { inner, corners } = found;
    const [a, b, c, d] = corners;
    const places = new Map([
      [
        inner.axis,
        placesAlong(inner, [
          [a, b],
          [c, d],
        ]),
      ],
      [
        whole.axis,
        placesAlong(whole, [
          [a, c],
          [b, d],
        ]),
      ],
    ]);
    const [rows, columns] = [places.get(rowAxis), places.get(columnAxis)];
    if (!rows || !columns) return undefined;
    const [height, width] = imageSizeOf(a);
    const isAt = (found: Float64Array, kind: (typeof kinds)[number], size: number) =>
      resizePlaces(kind, size, found.length).every((place, at) => Math.abs(place - found[at]) < tolerance);
    const coordinates = kinds.find((kind) => isAt(rows, kind, height) && isAt(columns, kind, width));
    const size = [rows.length, columns.length];
    return (
      coordinates && {
        x: a.x,
        attributes: { mode: "bilinear", size, coordinates, nearestRounding: "floor", layout: "first" },
      }
    );
  },
  replace({ x, attributes }, node, graph) {
    replaceNode(graph, node, { op: resize, inputs: [x], attributes });
  },
  examples: [
    {
      name: "twice the pixels of a row",
      before: mixtureText("0, 0.25, 0.75, 0.25"),
      after: `
        input x: f32[1,1,2,2]
        y: f32[1,1,2,4] = resize(x) {mode=bilinear, size=[2,4], coordinates=halfPixel, nearestRounding=floor, layout=first} from [up]
        output y`,
    },
    {
      name: "mixtures by shares that no scaling has",
      before: mixtureText("0, 0.5, 0.5, 0.5"),
    },
  ],
});
