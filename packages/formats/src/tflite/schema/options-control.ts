import { i32, index, text } from "../../flatbuffer/fields.ts";
import { tensorType } from "./enumerations.ts";

/** Options of operators that call subgraphs or keep state between calls. */
export const controlOptions = {
  CallOptions: { subgraph: index("u32", "subgraphs") },
  CallOnceOptions: { initSubgraphIndex: index("i32", "subgraphs") },
  IfOptions: { thenSubgraphIndex: index("i32", "subgraphs"), elseSubgraphIndex: index("i32", "subgraphs") },
  WhileOptions: { condSubgraphIndex: index("i32", "subgraphs"), bodySubgraphIndex: index("i32", "subgraphs") },
  HashtableOptions: { tableId: i32(), keyDtype: tensorType, valueDtype: tensorType },
  HashtableFindOptions: {},
  HashtableImportOptions: {},
  HashtableSizeOptions: {},
  VarHandleOptions: { container: text, sharedName: text },
  ReadVariableOptions: {},
  AssignVariableOptions: {},
} as const;
