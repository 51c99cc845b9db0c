import { type Case, type Chip, driverFreedom, sequencerFreedom } from "./chips.ts";
import { type Measurement, readMeasurements } from "./measurements.ts";
import { designOf, networkOf } from "./networks.ts";
import { type Setup, type SetupName, setups } from "./setups.ts";
import { type Use, useOf } from "./uses.ts";
import { type Workload, workloadOf } from "./workload.ts";

/** A published latency with what it is compared with. */
export interface Subject {
  readonly name: string;
  readonly measurement: Measurement;
  readonly use: Use;
  readonly setup: Setup;
  readonly workload: Workload;
}

/** What a measurement is called in the table. */
export function nameOf({ chip, model, unit }: Measurement, note?: string): string {
  return [`${chip}: ${model}`, unit, ...(note === undefined ? [] : [note])].join(", ");
}

/** Every published latency that can be compared, compiled for its chip. */
export function readSubjects(): readonly Subject[] {
  const workloads = new Map<string, Workload>();
  return readMeasurements().flatMap((measurement) => {
    const use = useOf(measurement);
    if (use === undefined || "unused" in use) return [];
    const setup: Setup = setups[use.setup];
    const key = `${use.network} ${use.setup}`;
    const workload = workloads.get(key) ?? workloadOf(networkOf(use.network), setup);
    workloads.set(key, workload);
    return [{ name: nameOf(measurement, use.note), measurement, use, setup, workload }];
  });
}

/** Cycles that a latency was measured to take. */
export function measuredCycles({ latencyMs, clockMHz }: Measurement): number {
  return latencyMs * (clockMHz ?? Number.NaN) * 1000;
}

/** The chips of which several latencies are known, and the case of each subject of theirs. */
export function chipsOf(subjects: readonly Subject[]) {
  const cases = new Map<Subject, Case>();
  const casesOf = (chosen: readonly Subject[]) =>
    chosen.map((subject) => {
      const each = caseOf(subject);
      cases.set(subject, each);
      return each;
    });
  const chip = (setup: SetupName, also: SetupName | undefined, freedomOf: Chip["freedomOf"]): Chip => ({
    machine: setups[setup].machine,
    cases: casesOf(subjects.filter(({ use }) => use.setup === setup && use.role === "fitted")),
    others: casesOf(subjects.filter(({ use }) => use.setup === also)),
    freedomOf,
  });
  const sequencer = chip("sequencer", "sequencerStored", sequencerFreedom);
  const driver = chip("flash", undefined, driverFreedom);
  return { sequencer, driver, cases };
}

function caseOf({ measurement, use, setup, workload }: Subject): Case {
  const { copiedBytes, processorCycles, commands } = workload;
  const copied = copiedBytes / setup.machine.storage.copyBytesPerCycle;
  return {
    model: designOf(use.network),
    commands,
    waiting: processorCycles + copied,
    measured: measuredCycles(measurement),
  };
}
