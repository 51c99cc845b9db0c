import type { DotProductArray } from "../machine.ts";

/** Fields of how many bytes each element of the data and of the result has: 1, or 2 for numbers of 16 bits. */
export const elementFields = ["elementBytes", "resultBytes"] as const;

type ElementFields = Readonly<Record<(typeof elementFields)[number], number>>;

/** What is wrong with them, where these are the addresses of data and results. */
export function elementProblems(
  { elementBytes, resultBytes }: ElementFields,
  data: readonly number[],
  results: readonly number[],
): readonly string[] {
  const known = [elementBytes, resultBytes].every((bytes) => bytes === 1 || bytes === 2);
  const isOdd = (bytes: number) => (address: number) => address % bytes !== 0;
  return [
    ...(known ? [] : ["an element has neither 1 nor 2 bytes"]),
    ...(data.some(isOdd(elementBytes)) || results.some(isOdd(resultBytes))
      ? ["16-bit numbers begin at an odd address"]
      : []),
  ];
}

/** The array as it is for data of so many bytes each: with the lanes that these leave it. */
export function arrayForElements(array: DotProductArray, elementBytes: number): DotProductArray {
  return elementBytes === 2 ? { ...array, lanes: array.wordLanes } : array;
}
