import type { Node, Value } from "@millrace/ir";
import type { KernelContext } from "@millrace/runtime";
import type { CommandKind } from "../commands/command.ts";
import type { Machine, Overheads } from "../machine.ts";

/** Bytes that get an address when memory is laid out. */
export interface Buffer {
  readonly name: string;
  readonly bytes: number;
  /** What a constant holds. */
  readonly contents?: Uint8Array;
}

export interface Place {
  readonly buffer: Buffer;
  readonly offset: number;
}

export function placeBehind({ buffer, offset }: Place, bytes: number): Place {
  return { buffer, offset: offset + bytes };
}

/** A command whose addresses are not known yet. */
export interface Draft {
  readonly kind: CommandKind;
  readonly fields: Readonly<Record<string, number | Place>>;
}

/** Fields with a number for each place. */
export function placedFields(
  fields: Draft["fields"],
  addressOf: (place: Place) => number,
): Readonly<Record<string, number>> {
  const numbers = Object.entries(fields).map(([name, field]) => [
    name,
    typeof field === "number" ? field : addressOf(field),
  ]);
  return Object.fromEntries(numbers);
}

/** What a lowering asks for and tells. */
export interface Writer {
  readonly machine: Machine;
  readonly context: KernelContext;
  readonly options: MappingOptions;
  readonly overheads: Overheads;
  /** Where a value lies; constants are stored as they are. */
  placeOf(value: Value): Place;
  /** Gives a value the place of another one. */
  share(value: Value, place: Place): void;
  constant(contents: ArrayBufferView): Place;
  /** Memory that only the commands of the node use. */
  scratch(bytes: number): Place;
  emit<F extends string>(
    kind: CommandKind & { readonly fields: readonly F[] },
    fields: Readonly<Record<NoInfer<F>, number | Place>>,
  ): void;
}

/** What mapping a graph to commands may make use of. */
export interface MappingOptions {
  /** Whether all rows of a convolution are one job, so that its weights are loaded once for them; the array is then taken to hold the sums of so many pixels, or to take jobs of eight. */
  readonly joinRows: boolean;
  /** Whether the pipelines of the array may be pixels of a row rather than channels. */
  readonly mapByLine: boolean;
}

/** How nodes of an operator become commands. */
export interface Lowering {
  /** Why the machine can't compute a node; undefined if it can. */
  refuse(node: Node, machine: Machine): string | undefined;
  write(node: Node, writer: Writer): void;
  /** Whether it does no more than move numbers or state them on other parameters, which by itself is not worth a program. */
  readonly moves?: boolean;
  /** Offers places within the results of a node to what it reads, before any commands are written that make that. */
  placeInputs?(node: Node, placing: Placing): void;
}

/** Where values will lie. */
export interface Placing {
  placeOf(value: Value): Place;
  /** Has a value written to a place, if it is written anew and has none yet. */
  offer(value: Value, place: Place): void;
}

/** Why no node of an operator is computed. */
export interface Unsupported {
  readonly unsupported: string;
}

export function unsupported(why: string): Unsupported {
  return { unsupported: why };
}

/** The first sentence that holds. */
export function firstOf(...rules: readonly (readonly [boolean, string])[]): string | undefined {
  return rules.find(([holds]) => holds)?.[1];
}
