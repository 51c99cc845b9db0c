import type { PteMethodDraft } from "@millrace/formats/pte";
import { constantMethod } from "./constant-method.ts";
import type { EdgeProgram } from "./edge-program.ts";

/**
 * Methods that tell which sizes of inputs are open, as a file says of tensors only how large they may become: for each axis `forward_input0_size0`
 * gives the size in words, such as `batch`, and `forward_input0_size0_min` and `_max` the least and the greatest it may be.
 */
export function boundMethods({ inputs, bounds }: EdgeProgram): readonly PteMethodDraft[] {
  return inputs.flatMap(({ shape }, index) =>
    shape.flatMap((size, axis) => {
      const range = bounds.get(`${size}`);
      if (range === undefined) return [];
      const name = `forward_input${index}_size${axis}`;
      return [
        constantMethod(name, { kind: "String", stringVal: `${size}` }),
        constantMethod(`${name}_min`, { kind: "Int", intVal: BigInt(range.minimum) }),
        constantMethod(`${name}_max`, { kind: "Int", intVal: BigInt(range.maximum) }),
      ];
    }),
  );
}
