import type { PteMethodDraft, PteValueDraft } from "@millrace/formats/pte";

/** A method without inputs that gives one value. */
export function constantMethod(name: string, value: PteValueDraft): PteMethodDraft {
  return {
    name,
    containerMetaType: { encodedInpStr: "", encodedOutStr: "" },
    values: [value],
    inputs: [],
    outputs: [0],
    chains: [{ instructions: [] }],
    operators: [],
    nonConstBufferSizes: [0n],
  };
}
