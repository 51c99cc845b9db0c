import { readNpy, readNpz } from "@millrace/formats/npy";
import type { Tensor } from "@millrace/ir";
import { DatasetError, naming } from "./error.ts";
import { type Files, joinNames, readFile } from "./files.ts";

/** Name of the array that holds labels wherever arrays are named only by their files. */
export const labelsName = "labels";

const damagedArray = "Write the array again with numpy.save or numpy.savez.";

/** Reads .npy and .npz files, each archive once and to no more than `maximumBytes`. */
export class ArrayReader {
  readonly #files: Files;
  readonly #maximumBytes: number;
  readonly #archives = new Map<string, Promise<ReadonlyMap<string, Tensor>>>();

  constructor(files: Files, maximumBytes: number) {
    this.#files = files;
    this.#maximumBytes = maximumBytes;
  }

  async array(file: string): Promise<Tensor> {
    const bytes = await readFile(this.#files, joinNames("", file));
    return naming(file, "data.bad-array", damagedArray, () => readNpy(bytes));
  }

  archive(file: string): Promise<ReadonlyMap<string, Tensor>> {
    const known = this.#archives.get(file);
    if (known !== undefined) return known;
    const opened = readFile(this.#files, joinNames("", file)).then((bytes) =>
      naming(file, "data.bad-array", damagedArray, () => readNpz(bytes, { maximumBytes: this.#maximumBytes })),
    );
    this.#archives.set(file, opened);
    return opened;
  }

  /** The array of that name; for "*" the only one that is not the labels. Throws `data.no-array` with the names there are. */
  async member(file: string, name: string): Promise<Tensor> {
    const arrays = await this.archive(file);
    const candidates = [...arrays.keys()].filter((key) => key !== labelsName);
    const array = arrays.get(name === "*" && candidates.length === 1 ? candidates[0] : name);
    if (array !== undefined) return array;
    throw new DatasetError("data.no-array", `${file} has no array "${name}"`, {
      hint: `Its arrays are ${[...arrays.keys()].join(", ").slice(0, 500)}.`,
      where: file,
    });
  }
}
