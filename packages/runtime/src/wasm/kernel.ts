import type { Node, Value } from "@millrace/ir";
import type { Kernel, KernelContext } from "../kernels/kernel.ts";
import type { Command } from "./commands.ts";
import type { Layout } from "./layout.ts";

/** What a fast kernel is made from: a node with the types of its values, sizes bound, and its reference kernel. */
export interface FastNode {
  readonly node: Node;
  readonly kernel: Kernel;
  readonly context: KernelContext;
  typeOf(value: Value | undefined): { readonly shape: readonly number[] };
}

/** A node that the module computes, reading `reads` and writing the node's outputs in memory. */
export interface FastKernel {
  readonly reads: readonly Value[];
  /** The value in whose place the first output already lies, if there is nothing to compute. */
  readonly shares?: Value;
  /** Bytes of working memory. */
  readonly scratch: number;
  /** Puts the constants in their places and gives the commands that compute the node, if there is anything to compute. */
  place(layout: Layout): readonly Command[];
}

/** Undefined for nodes that this kernel doesn't cover or where it would give other integers than the reference. */
export type FastKernelFactory = (node: FastNode) => FastKernel | undefined;
