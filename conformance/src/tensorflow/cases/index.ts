import type { OperatorCase } from "../operator-case.ts";
import { elementwiseCases } from "./elementwise.ts";
import { encodingCases } from "./encoding.ts";
import { layerCases } from "./layers.ts";
import { movingCases } from "./moving.ts";
import { reductionCases } from "./reductions.ts";

/** Every operator in its types and variants. */
export const operatorCases: readonly OperatorCase[] = [
  ...elementwiseCases,
  ...movingCases,
  ...encodingCases,
  ...reductionCases,
  ...layerCases,
];
