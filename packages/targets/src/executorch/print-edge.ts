import {
  type EdgeArgument,
  type EdgeProgram,
  type EdgeTensor,
  isDelegation,
  isTensor,
  tensorsRead,
} from "./edge-program.ts";

/** A program as text: a line for each input, parameter, call and output, with types and the source layers that it came from. */
export function printEdge({ name, inputs, steps, outputs }: EdgeProgram): string {
  const parameters = new Set(steps.flatMap((step) => tensorsRead(step).filter(({ constant }) => constant)));
  const lines = [
    ...inputs.map((input) => `input ${typed(input)}`),
    ...[...parameters].map((parameter) => `parameter ${typed(parameter)}`),
    ...steps.map((step) => {
      const [operator, operands] = isDelegation(step)
        ? [`delegate.${step.backend}`, step.inputs.map(textOf)]
        : [
            step.operator,
            [
              ...step.positional.map(textOf),
              ...Object.entries(step.keywords).map(([key, item]) => `${key}=${textOf(item)}`),
            ],
          ];
      const results = step.results.map(typed).join(", ");
      return `${results} = ${operator}(${operands.join(", ")}) from [${step.origin.join(", ")}]`;
    }),
    `output ${outputs.map(({ name }) => name).join(", ")}`,
  ];
  return [`program ${name}`, ...lines.map((line) => `  ${line}`), ""].join("\n");
}

function typed({ name, dtype, shape }: EdgeTensor): string {
  return `${name}: ${dtype}[${shape.join(",")}]`;
}

function textOf(argument: EdgeArgument): string {
  if (argument === null) return "None";
  if (Array.isArray(argument)) return `[${argument.map(textOf).join(", ")}]`;
  if (isTensor(argument)) return argument.name;
  return typeof argument === "string" ? JSON.stringify(argument) : String(argument);
}
