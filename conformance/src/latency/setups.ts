import { calibration, type Machine, machines, type WeightPlacement } from "@millrace/npu";

const { imxrt700, mcxn94x } = machines;
const { portableQuantizeElement, optimizedQuantizeElement } = calibration.cortexM33;

/** On what and how a network was measured, as far as its time depends on it. */
export interface Setup {
  readonly machine: Machine;
  /** How the array is started; undefined where the processor alone computes. */
  readonly mode: string | undefined;
  readonly weights: WeightPlacement;
  /** Whether the processor's softmax is in the figure. */
  readonly softmax: boolean;
  /** Cycles of the processor for each real number of the input; 0 where the input is integers. */
  readonly inputElement: number;
}

const sequencer: Setup = {
  machine: imxrt700,
  mode: "sequencer",
  weights: "memory",
  softmax: false,
  inputElement: 0,
};
const sequencerStored: Setup = { ...sequencer, weights: "storage" };
const driver: Setup = { ...sequencer, mode: "driver", softmax: true };
const processor: Setup = { ...sequencer, mode: undefined, softmax: true };

export const setups = {
  sequencer,
  sequencerStored,
  portableInput: { ...sequencerStored, inputElement: portableQuantizeElement.value },
  optimizedInput: { ...sequencerStored, inputElement: optimizedQuantizeElement.value },
  driver,
  driverRealInput: { ...driver, inputElement: imxrt700.processor.quantizeElement },
  driverStored: { ...driver, weights: "storage" },
  flash: { ...sequencer, machine: mcxn94x, mode: "driver" },
  processor,
  flashProcessor: { ...processor, machine: mcxn94x },
} as const satisfies Readonly<Record<string, Setup>>;

export type SetupName = keyof typeof setups;
