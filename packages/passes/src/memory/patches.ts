import type { Diagnostic, Graph, Node, Value, ValueType } from "@millrace/ir";
import { concat, slice } from "@millrace/ops";
import { removeNodes } from "../edit.ts";
import type { Pass, PassExample } from "../pass.ts";
import { chooseRegions } from "./choose-regions.ts";
import { flowOf, greatest, liveBytes } from "./flow.ts";
import type { PatchOptions, Region } from "./patch-region.ts";
import { macsOf, type Piece, type Stripe } from "./stripe.ts";

/**
 * Computes nodes one after the other in stripes, such as rows of images, where more bytes would be alive at once than there are: each stripe of the last one's result
 * with what it needs of all before, of which some is computed again at the borders. The results are the same bit for bit.
 */
export function patches(options: PatchOptions): Pass {
  return {
    name: "patches",
    run(graph, { nested, report }) {
      const flow = nested ? undefined : flowOf(graph);
      if (flow === undefined) return 0;
      const live = liveBytes(flow, [...flow.nodes.keys()]);
      const places = new Map(flow.nodes.map((node, at) => [node, at]));
      const { regions, peak } = chooseRegions(flow, live, options);
      if (peak > options.bytes) report(notMet(peak, options.bytes));
      for (const region of regions) {
        const start = places.get(region.nodes[0])!;
        const before = greatest(live.subarray(start, start + region.nodes.length));
        report({
          code: "memory.patches",
          severity: "info",
          message: messageOf(region, before),
          at: { node: region.nodes[0].name },
        });
      }
      const written = new Map<Value, Value>();
      for (const region of regions) writeRegion(graph, region, written);
      return regions.length;
    },
    examples,
  };
}

/** For 143 bytes, in place. */
const examples: readonly PassExample[] = [
  {
    name: "an image of many channels between two of few",
    before: `
      input x: f32[1,8,1,1]
      constant w: f32[3,1,1,1] = [1, 2, 3]
      a: f32[1,8,1,3] = conv2d(x, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=last, activation=none} from [wide]
      b: f32[1,4,1,3] = maxPool2d(a) {kernel=[3,1], stride=[2,1], dilation=[1,1], padding=[1,0,0,0], layout=last, activation=none} from [pool]
      output b`,
    after: `
      input x: f32[1,8,1,1]
      constant w: f32[3,1,1,1] = [1, 2, 3]
      x_stripe_1: f32[1,4,1,1] = slice(x) {starts=[0,0,0,0], sizes=[1,4,1,1], steps=[1,1,1,1]}
      a_stripe_1: f32[1,4,1,3] = conv2d(x_stripe_1, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=last, activation=none} from [wide]
      b_stripe_1: f32[1,2,1,3] = maxPool2d(a_stripe_1) {kernel=[3,1], stride=[2,1], dilation=[1,1], padding=[1,0,0,0], layout=last, activation=none} from [pool]
      x_stripe_2: f32[1,5,1,1] = slice(x) {starts=[0,3,0,0], sizes=[1,5,1,1], steps=[1,1,1,1]}
      a_stripe_2: f32[1,5,1,3] = conv2d(x_stripe_2, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=last, activation=none} from [wide]
      b_stripe_2: f32[1,2,1,3] = maxPool2d(a_stripe_2) {kernel=[3,1], stride=[2,1], dilation=[1,1], padding=[0,0,0,0], layout=last, activation=none} from [pool]
      b: f32[1,4,1,3] = concat(b_stripe_1, b_stripe_2) {axis=1} from [pool]
      output b`,
  },
  {
    name: "what fits",
    before: `
      input x: f32[1,8,1,1]
      b: f32[1,8,1,1] = neg(x)
      output b`,
  },
];

function notMet(peak: number, bytes: number): Diagnostic {
  return {
    code: "memory.not-met",
    severity: "warning",
    message: `${Math.ceil(peak)} bytes of activations are needed at once at least, and ${bytes} were asked for`,
    hint: "use a smaller input or a narrower network",
  };
}

function messageOf({ nodes, stripes, peak, recomputed }: Region, before: number): string {
  const macs = nodes.reduce((sum, node) => sum + macsOf(node), 0);
  const [first, last] = [nodes[0].name, nodes[nodes.length - 1].name];
  const share = macs === 0 ? 0 : (100 * recomputed) / macs;
  const what = nodes.length === 1 ? `${first} is` : `${nodes.length} operators from ${first} to ${last} are`;
  return `${what} computed in ${stripes.length} stripes, which need ${Math.ceil(peak)} bytes at once instead of ${before}; ${recomputed} of the multiplications, ${share.toFixed(1)} %, are done again`;
}

/** Puts the nodes of all stripes and the joining of their results in the place of a region's nodes; `written` are the results that took the place of others. */
function writeRegion(graph: Graph, { nodes, stripes }: Region, written: Map<Value, Value>): void {
  const last = nodes[nodes.length - 1];
  const before = graph.after(last);
  const results = stripes.map((stripe, index) =>
    writeStripe(graph, stripe, { suffix: `stripe_${index + 1}`, before, written }),
  );
  const output = last.outputs[0];
  const { axis } = stripes[0][stripes[0].length - 1].piece.range;
  const whole = graph.addNode({
    op: concat,
    inputs: results,
    attributes: { axis },
    name: last.name,
    origin: last.origin,
    outputTypes: [output.type],
    ...(before && { before }),
  }).outputs[0];
  graph.replaceUses(output, whole);
  const { name } = output;
  removeNodes(graph, [last]);
  graph.rename(whole, name);
  written.set(output, whole);
}

function writeStripe(
  graph: Graph,
  stripe: Stripe,
  {
    suffix,
    before,
    written,
  }: { readonly suffix: string; readonly before: Node | undefined; readonly written: ReadonlyMap<Value, Value> },
): Value {
  const values = new Map<Piece, Value>();
  for (const { node, form, piece, reads } of stripe) {
    const whole = node ? node.inputs : [written.get(piece.value) ?? piece.value];
    const inputs = whole.map((value, index) => {
      const read = reads[index];
      return read ? values.get(read) : value;
    });
    const [value] = graph.addNode({
      op: node?.op ?? slice,
      inputs,
      attributes: form?.attributes ?? cutting(inputs[0]!, piece),
      name: `${(node ?? piece.value).name}_${suffix}`,
      origin: (node ?? piece.value.producer)?.origin ?? [],
      outputTypes: [typeOf(piece)],
      ...(before && { before }),
    }).outputs;
    values.set(piece, value);
  }
  return values.get(stripe[stripe.length - 1].piece)!;
}

/** Attributes of the slice that gives a piece. */
function cutting({ type }: Value, { range, from }: Piece): Node["attributes"] {
  const { axis, start, end } = range;
  const shape = type.shape as readonly number[];
  return {
    starts: shape.map((_, at) => (at === axis ? start - (from?.range.start ?? 0) : 0)),
    sizes: shape.with(axis, end - start),
    steps: shape.map(() => 1),
  };
}

function typeOf({ value, range }: Piece): ValueType {
  return { ...value.type, shape: value.type.shape.with(range.axis, range.end - range.start) };
}
