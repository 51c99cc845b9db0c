import { checkIndices, type Scopes } from "../flatbuffer/indices.ts";
import type { PlainTable } from "../flatbuffer/objects.ts";
import type { Trail } from "../flatbuffer/trail.ts";
import { tables } from "./schema/tables.ts";
import type { TfliteDraft } from "./types.ts";

/**
 * Fails where an index of the model (of a tensor, buffer, operator code, subgraph or external group) is outside of its
 * list. -1 passes where the schema lets it stand for "none".
 */
export function checkModelIndices(model: TfliteDraft<"Model">, trail: Trail): void {
  const tensors = model.subgraphs?.map((subgraph) => subgraph.tensors?.length ?? 0) ?? [];
  const scopes: Scopes = {
    Model: () => ({
      buffers: model.buffers?.length ?? 0,
      operatorCodes: model.operatorCodes?.length ?? 0,
      subgraphs: tensors.length,
      externalBufferGroups: model.externalBufferGroups?.length ?? 0,
      tensors: 0,
    }),
    SubGraph: ({ tensors }) => ({ tensors: lengthOf(tensors) }),
    SignatureDef: ({ subgraphIndex = 0 }) => ({ tensors: tensors[subgraphIndex as number] ?? 0 }),
  };
  checkIndices(tables, "Model", model, scopes, trail);
}

const lengthOf = (list: PlainTable[string]): number => (list as readonly unknown[] | undefined)?.length ?? 0;
