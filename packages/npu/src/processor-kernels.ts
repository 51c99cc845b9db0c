import type { Machine, Processor } from "./machine.ts";

/** What each library of kernels makes of a processor: TensorFlow Lite Micro's with optimised integers, or ExecuTorch's, in two ways of quantizing. */
const libraries = {
  integer: {},
  portable: kernelsOfExecutorch("portable", "portableQuantizeElement"),
  optimized: kernelsOfExecutorch("optimised", "optimizedQuantizeElement"),
} as const satisfies Readonly<Record<string, Partial<Library>>>;

interface Library {
  /** What the costs rest on. */
  readonly basis: string;
  change(processor: Processor): Processor;
}

export type ProcessorKernels = keyof typeof libraries;

/** A machine whose processor computes by a library's kernels; its basis tells what that rests on. */
export function withKernels(machine: Machine, kernels: ProcessorKernels): Machine {
  const { basis, change }: Partial<Library> = libraries[kernels];
  if (basis === undefined || change === undefined) return machine;
  return { ...machine, basis: `${machine.basis}; ${basis}`, processor: change(machine.processor) };
}

function kernelsOfExecutorch(name: string, rate: "portableQuantizeElement" | "optimizedQuantizeElement"): Library {
  return {
    basis: `the cycles of the processor's ${name} ExecuTorch kernels solved from the vendor's latencies of MobileNetV2, which are therefore derived and not predicted`,
    change: (processor) => ({
      ...processor,
      converts: true,
      quantizeElement: processor[rate] ?? processor.quantizeElement,
    }),
  };
}
