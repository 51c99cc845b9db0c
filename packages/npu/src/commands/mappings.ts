/** What the pipelines of the array are: output channels, or pixels of a row. */
export const mappings = { depth: 0, line: 1 } as const;
