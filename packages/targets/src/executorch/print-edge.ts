import {
  allSteps,
  type EdgeArgument,
  type EdgeProgram,
  type EdgeTensor,
  isBranch,
  isDelegation,
  isLoop,
  isTensor,
  isView,
  tensorsRead,
} from "./edge-program.ts";

/** A program as text: a line for each input, state, parameter, call and output, with types and the source layers that it came from. */
export function printEdge({ name, inputs, states, steps, outputs }: EdgeProgram): string {
  const parameters = new Set(
    [...allSteps(steps)].flatMap((step) => tensorsRead(step).filter(({ constant }) => constant)),
  );
  const lines = [
    ...inputs.map((input) => `input ${typed(input)}`),
    ...states.map(({ buffer }) => `state ${typed(buffer)}`),
    ...[...parameters].map((parameter) => `parameter ${typed(parameter)}`),
    ...printedSteps(steps).map(
      ({ results, target, arguments: given, origin }) =>
        `${results.length > 0 ? `${results.join(", ")} = ` : ""}${target}(${given.join(", ")}) from [${origin.join(", ")}]`,
    ),
    `output ${outputs.map(({ name }) => name).join(", ")}`,
  ];
  return [`program ${name}`, ...lines.map((line) => `  ${line}`), ""].join("\n");
}

/** A step of a program in words. */
export interface PrintedStep {
  /** Names and types. */
  readonly results: readonly string[];
  /** Such as `aten.convolution.default` or `delegate.MillraceNpu`, or a word such as `if`, `else` and `end` around the steps of a branch or loop. */
  readonly target: string;
  readonly arguments: readonly string[];
  /** The source model's layers that it came from. */
  readonly origin: readonly string[];
}

/** The steps of a program in their order, those within branches and loops among them. */
export function printedSteps(steps: EdgeProgram["steps"]): readonly PrintedStep[] {
  return steps.flatMap((step): readonly PrintedStep[] => {
    const { origin } = step;
    const results = step.results.map(typed);
    const word = (target: string, ...given: readonly string[]) => ({ results: [], target, arguments: given, origin });
    if (isBranch(step)) {
      const [first, second] = [step.whenTrue, step.whenFalse].map(printedSteps);
      return [{ ...word("if", step.condition.name), results }, ...first, word("else"), ...second, word("end")];
    }
    if (isLoop(step)) {
      const [condition, body] = [step.condition, step.body].map(printedSteps);
      return [{ ...word("loop"), results }, ...condition, word("while", step.goesOn.name), ...body, word("end")];
    }
    if (isDelegation(step))
      return [{ results, target: `delegate.${step.backend.id}`, arguments: step.inputs.map(textOf), origin }];
    if (isView(step)) return [{ results, target: "memory.view", arguments: [step.source.name], origin }];
    const keywords = Object.entries(step.keywords).map(([key, item]) => `${key}=${textOf(item)}`);
    return [{ results, target: step.operator, arguments: [...step.positional.map(textOf), ...keywords], origin }];
  });
}

function typed({ name, dtype, shape, dimOrder }: EdgeTensor): string {
  const order = dimOrder ? ` dim_order=[${dimOrder.join(",")}]` : "";
  return `${name}: ${dtype}[${shape.join(",")}]${order}`;
}

function textOf(argument: EdgeArgument): string {
  if (argument === null) return "None";
  if (Array.isArray(argument)) return `[${argument.map(textOf).join(", ")}]`;
  if (isTensor(argument)) return argument.name;
  return typeof argument === "string" ? JSON.stringify(argument) : String(argument);
}
