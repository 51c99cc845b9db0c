import type { PteInstruction } from "@millrace/formats/pte";
import { deepestNesting, fail } from "@millrace/ir";

type Jump = Extract<PteInstruction, { kind: "JumpFalseCall" }>;

/** Either of two lists of steps, as the tensor that is value `condition` says. */
export interface Branch {
  readonly kind: "Branch";
  readonly condition: number;
  readonly whenTrue: readonly Step[];
  readonly whenFalse: readonly Step[];
}

/** Steps that are repeated as long as the tensor that is value `condition` is true after those of `head`. */
export interface Loop {
  readonly kind: "Loop";
  readonly head: readonly Step[];
  readonly condition: number;
  readonly body: readonly Step[];
}

export type Step = Exclude<PteInstruction, Jump> | Branch | Loop;

/**
 * A chain's instructions with branches and loops in the place of jumps. A branch is a jump over one part to another, with a jump in any case
 * over that at its end; a loop ends in a jump in any case to its beginning, and has a jump behind its end. `isFalse` tells whether
 * a value is the constant false. Throws `executorch.control-flow` for other jumps.
 */
export function structuredSteps(
  instructions: readonly PteInstruction[],
  isFalse: (value: number) => boolean,
): readonly Step[] {
  return new Structure(instructions, isFalse).steps(0, instructions.length, 0);
}

/** Refuses what is no branch or loop of the known forms. */
export function refuseFlow(problem: string): never {
  return fail("executorch.control-flow", `the program branches or loops in a way that is not read: ${problem}`, {
    hint: "import the model that it was made from",
  });
}

class Structure {
  readonly #instructions: readonly PteInstruction[];
  readonly #isFalse: (value: number) => boolean;
  /** Where jumps back to an instruction stand, in ascending order. */
  readonly #jumpsTo = new Map<number, number[]>();

  constructor(instructions: readonly PteInstruction[], isFalse: (value: number) => boolean) {
    this.#instructions = instructions;
    this.#isFalse = isFalse;
    for (const at of instructions.keys()) {
      const destination = this.#jump(at)?.destinationInstruction;
      if (destination === undefined || destination > at) continue;
      const jumps = this.#jumpsTo.get(destination) ?? [];
      this.#jumpsTo.set(destination, jumps);
      jumps.push(at);
    }
  }

  /** The steps from one instruction to before another one; each branch or loop in them is of fewer instructions than they are. */
  steps(start: number, end: number, depth: number): readonly Step[] {
    if (depth > deepestNesting) refuseFlow(`over ${deepestNesting} of them stand in each other`);
    const steps: Step[] = [];
    for (let at = start; at < end; ) {
      const last = this.#jumpsTo.get(at)?.findLast((jump) => jump < end);
      const instruction = this.#instructions[at];
      if (last !== undefined) {
        steps.push(this.#loop(at, last, depth));
        at = last + 1;
      } else if (instruction.kind === "JumpFalseCall") {
        const { branch, behind } = this.#branch(at, end, depth);
        steps.push(branch);
        at = behind;
      } else {
        steps.push(instruction);
        at++;
      }
    }
    return steps;
  }

  #loop(start: number, last: number, depth: number): Loop {
    let exit = start;
    while (exit < last && this.#jump(exit)?.destinationInstruction !== last + 1) exit++;
    const condition = this.#condition(exit);
    if (exit === last || condition === undefined || this.#condition(last) !== undefined)
      return refuseFlow(`instruction ${last} jumps back to ${start}, and nothing there ends the loop`);
    const head = this.steps(start, exit, depth + 1);
    return { kind: "Loop", head, condition, body: this.steps(exit + 1, last, depth + 1) };
  }

  #branch(at: number, end: number, depth: number): { readonly branch: Branch; readonly behind: number } {
    const other = this.#jump(at)!.destinationInstruction;
    const condition = this.#condition(at);
    const behind = this.#jump(other - 1)?.destinationInstruction ?? -1;
    const isBranch = condition !== undefined && this.#condition(other - 1) === undefined;
    if (!isBranch || other - 1 <= at || behind < other || behind > end)
      return refuseFlow(`instruction ${at} jumps to ${other}`);
    const whenTrue = this.steps(at + 1, other - 1, depth + 1);
    return { branch: { kind: "Branch", condition, whenTrue, whenFalse: this.steps(other, behind, depth + 1) }, behind };
  }

  #jump(at: number): Jump | undefined {
    const instruction = this.#instructions[at];
    return instruction?.kind === "JumpFalseCall" ? instruction : undefined;
  }

  /** What decides about a jump; undefined for a jump in any case, and for what is no jump. */
  #condition(at: number): number | undefined {
    const value = this.#jump(at)?.condValueIndex;
    return value === undefined || this.#isFalse(value) ? undefined : value;
  }
}
