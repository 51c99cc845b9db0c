import type { ZipMember } from "../zip/index.ts";
import type { Pt2Tensors } from "./model.ts";
import { savedValues } from "./saved/saved-values.ts";
import { readSavedTensors, readTorchSave } from "./saved/torch-save.ts";

/**
 * The layout up to torch 2.6: `serialized_state_dict`, `serialized_constants` and `serialized_example_inputs` are files of
 * torch.save within the archive, with the ending `.pt`, or `.json` in torch 2.2 and older. Throws what `readSavedTensors` throws.
 */
export function readSerializedParts(members: ReadonlyMap<string, ZipMember>, root: string): Pt2Tensors {
  const part = (name: string) => members.get(`${root}${name}.pt`) ?? members.get(`${root}${name}.json`);
  const constants = readSavedTensors(part("serialized_constants"));
  const inputs = part("serialized_example_inputs");
  return {
    stateDict: readSavedTensors(part("serialized_state_dict")),
    constants,
    customObjects: new Map(),
    sampleInputs: () => inputs && savedValues(readTorchSave(inputs.bytes())),
  };
}
