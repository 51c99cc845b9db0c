import { type Pass, spellAttention, spellMish, spellNormalizations } from "@millrace/passes";
import { scaleElu, splitClamps, unfuseBlockwise } from "./activations.ts";
import { countFromStart, dropArgumentAxis, foldShapes, gatherEdges, normalizeLast, sliceShapes } from "./axes.ts";
import { addBiases } from "./bias.ts";
import { castThroughFloat } from "./casts.ts";
import { reorderKernels } from "./depthwise.ts";
import { pickDilatedMaxima } from "./dilated-maxima.ts";
import { spellErrorFunction } from "./error-function.ts";
import { nameNearest, reorderDepth } from "./images.ts";
import { divideIn32Bits, widenIntegers } from "./integers.ts";
import { loopScans } from "./loop-scans.ts";
import { mergeAxes } from "./merge-axes.ts";
import { copyOutputs } from "./outputs.ts";
import { padConvolutions, padCountingMeans, padMaxima, padMeans } from "./padding.ts";
import { spellRecurrent } from "./recurrent.ts";
import { spellResponse } from "./response.ts";
import { roundHalvesAway } from "./rounding.ts";
import { readRowsDirectly } from "./rows.ts";
import { tabulateBytes } from "./tabulate-bytes.ts";
import { cropBySlice, joinGroups, spreadKernels } from "./transposed-convolution.ts";

/** Rewrites what TFLite spells differently, without a change of meaning. What it can't spell at all is left as it is. */
export const legalizations: readonly Pass[] = [
  foldShapes,
  loopScans,
  sliceShapes,
  spellRecurrent,
  spellNormalizations,
  spellAttention,
  widenIntegers,
  divideIn32Bits,
  castThroughFloat,
  spellErrorFunction,
  spellMish,
  tabulateBytes,
  addBiases,
  padConvolutions,
  reorderKernels,
  spellResponse,
  pickDilatedMaxima,
  padMaxima,
  padCountingMeans,
  padMeans,
  joinGroups,
  spreadKernels,
  cropBySlice,
  nameNearest,
  reorderDepth,
  unfuseBlockwise,
  splitClamps,
  scaleElu,
  normalizeLast,
  dropArgumentAxis,
  gatherEdges,
  countFromStart,
  mergeAxes,
  readRowsDirectly,
  copyOutputs,
  roundHalvesAway,
];
