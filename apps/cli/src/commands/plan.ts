import { basename } from "node:path";
import type { MemoryPlan, NamedBuffer } from "@millrace/toolkit";
import { Command, InvalidArgumentError } from "commander";
import type { CommonOptions, Run } from "../context.ts";
import { parseBytes, withExamples } from "../options.ts";
import { readWholeFile } from "../read-file.ts";
import { RequestError } from "../request-error.ts";
import { columns, printable } from "../terminal.ts";

interface Options extends CommonOptions {
  readonly capacity?: number;
  readonly time: number;
}

const shownBuffers = 20;

export function planCommand(run: Run): Command {
  const command = new Command("plan")
    .description("Find offsets in one arena for buffers with sizes and lifetimes")
    .argument("<buffers>", "table with commas and the columns id, lower, upper, size and, if wanted, alignment")
    .option("--capacity <bytes>", "end as soon as the arena is no larger than this", parseBytes)
    .option("--time <seconds>", "time limit", parseSeconds, 10)
    .action((path: string, options: Options) =>
      run(options, async (context) => {
        const { planMemoryInSteps, readBuffers } = await import("@millrace/toolkit");
        const { capacity, time } = options;
        const buffers = readBuffers(readWholeFile(path));
        const limits = {
          milliseconds: time * 1000,
          signal: context.signal,
          ...(capacity !== undefined && { capacity }),
        };
        const plan = await planMemoryInSteps(buffers, limits);
        if (capacity !== undefined && plan.arenaBytes > capacity) throw doesNotFit(path, plan, capacity);
        const { arenaBytes, lowerBoundBytes, ms } = plan;
        const offsets = Object.fromEntries(buffers.map(({ id }, index) => [id, plan.offsets[index]]));
        context.result({ arenaBytes, lowerBoundBytes, ms, offsets }, await describe(path, buffers, plan));
      }),
    );
  return withExamples(command, ["plan buffers.csv", "plan buffers.csv --capacity 1048576 --time 60 --json"]);
}

function parseSeconds(text: string): number {
  const seconds = /^[0-9]{1,6}(\.[0-9]{1,3})?$/.test(text) ? Number(text) : 0;
  if (seconds > 0) return seconds;
  throw new InvalidArgumentError("It has to be a number of seconds above 0.");
}

function doesNotFit(path: string, { arenaBytes, lowerBoundBytes }: MemoryPlan, capacity: number): RequestError {
  const proven = lowerBoundBytes > capacity;
  const found = proven ? `at least ${lowerBoundBytes} are needed` : `the smallest plan found in time has ${arenaBytes}`;
  return new RequestError("plan.does-not-fit", `the buffers were not fit into ${capacity} bytes: ${found}`, {
    hint: proven ? "give a larger capacity" : "give more --time or a larger capacity",
    where: path,
  });
}

async function describe(path: string, buffers: readonly NamedBuffer[], plan: MemoryPlan): Promise<string> {
  const { formatBytes, formatCount, formatDuration } = await import("@millrace/toolkit");
  const { arenaBytes, lowerBoundBytes, optimal, ms, offsets } = plan;
  const proof = optimal ? "no plan is smaller" : `no plan has less than ${formatCount(lowerBoundBytes)}`;
  const rows = buffers.slice(0, shownBuffers).map(({ id, size }, index) => [offsets[index], size, printable(id)]);
  const rest = buffers.length - rows.length;
  return [
    `${printable(basename(path))}  ${formatCount(buffers.length)} buffers in ${arenaBytes} bytes (${formatBytes(arenaBytes)}); ${proof}; in ${formatDuration(ms)}`,
    columns([["offset", "bytes", "buffer"], ...rows]),
    ...(rest > 0 ? [`  and ${formatCount(rest)} more; --json gives all`] : []),
  ].join("\n");
}
