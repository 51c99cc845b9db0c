/** Stored cases that are left out, each with the reason: an operator (`CONV_2D`), one case (`ADD/same`) or a model. */
export const skips: Readonly<Record<string, string>> = {};
