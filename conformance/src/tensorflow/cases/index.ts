import type { OperatorCase } from "../operator-case.ts";
import { conversionCases } from "./conversions.ts";
import { elementwiseCases } from "./elementwise.ts";
import { encodingCases } from "./encoding.ts";
import { imageCases } from "./images.ts";
import { layerCases } from "./layers.ts";
import { movingCases } from "./moving.ts";
import { pickingCases } from "./picking.ts";
import { reductionCases } from "./reductions.ts";

/** Every operator in its types and variants. */
export const operatorCases: readonly OperatorCase[] = [
  ...elementwiseCases,
  ...movingCases,
  ...pickingCases,
  ...encodingCases,
  ...reductionCases,
  ...layerCases,
  ...imageCases,
  ...conversionCases,
];
