import type { PteProgram } from "@millrace/formats/pte";
import { type Graph, givenInputs, isInteger, type Quantization, resultOutputs, type Value } from "@millrace/ir";

/**
 * Gives inputs and outputs of integers the parameters that methods of the program tell, such as `forward_input0_scale` and `forward_input0_zp`;
 * ones that don't make sense are left out.
 */
export function quantizeBoundary(graph: Graph, { methods }: PteProgram): void {
  const numbers = new Map(methods.flatMap(({ name = "", values }) => numberOf(values).map((number) => [name, number])));
  const set = (value: Value, name: string) => {
    const quantization = parametersOf(numbers, name);
    if (quantization === undefined || !isInteger(value.type.dtype) || value.type.quantization) return;
    graph.setType(value, { ...value.type, quantization });
  };
  for (const [index, input] of givenInputs(graph).entries()) set(input, `forward_input${index}`);
  for (const [index, { value }] of resultOutputs(graph).entries()) set(value, `forward_output${index}`);
}

/** The number that a method without instructions gives. */
function numberOf([value, ...others]: PteProgram["methods"][number]["values"]): readonly number[] {
  if (others.length > 0) return [];
  if (value?.kind === "Int") return [Number(value.intVal)];
  return value?.kind === "Double" ? [value.doubleVal] : [];
}

function parametersOf(numbers: ReadonlyMap<string, number>, name: string): Quantization | undefined {
  const [scale, zeroPoint] = [numbers.get(`${name}_scale`), numbers.get(`${name}_zp`)];
  if (scale === undefined || zeroPoint === undefined || !(scale > 0) || !Number.isSafeInteger(zeroPoint))
    return undefined;
  return { scale: [scale], zeroPoint: [zeroPoint] };
}
