/** A number of a machine that published latencies decide, or that is assumed. */
export interface CalibratedNumber {
  readonly value: number;
  readonly unit: string;
  /** The figures that decide it. */
  readonly fittedOn: string;
}

/**
 * Every number of the machines' descriptions that is no published fact. `npm run validate:latency` fits them again and says how far each can be
 * believed.
 */
export const calibration = {
  imxrt700: {
    operator: {
      value: 1034.8,
      unit: "cycles for each operator",
      fittedOn: "AD, KWS, IC and VWW on the i.MX RT700, the vendor's slide",
    },
    driverJob: {
      value: 22.44,
      unit: "cycles for each job that the processor starts",
      fittedOn: "DS-CNN-S on the i.MX RT700, mean of two inferences of a vendor's demonstration",
    },
    copy: {
      value: 0.8832,
      unit: "bytes per cycle from flash to memory",
      fittedOn: "MobileNetV1-1.0-224 on the i.MX RT700, a vendor's demonstration with weights in external memory",
    },
  },
  mcxn94x: {
    job: {
      value: 78.6,
      unit: "cycles for each job that the processor starts",
      fittedOn: "AD, KWS, IC, VWW and two FOMO networks on the MCX N947",
    },
    weightPort: {
      value: 2.902,
      unit: "bytes of weights per cycle from internal flash",
      fittedOn: "the same six, AD before all",
    },
  },
  imx95: {
    cores: { value: 4, unit: "arrays of 16 x 16 multipliers, together 2 TOPS at 1 GHz", fittedOn: "nothing: assumed" },
    coupledBytes: { value: 2 ** 20, unit: "bytes of coupled memory", fittedOn: "nothing: assumed" },
    outerBytes: { value: 2 ** 28, unit: "bytes of DDR for activations", fittedOn: "nothing: assumed" },
    outerRate: {
      value: 12,
      unit: "bytes per cycle from and to DDR, half of what 32 bits of LPDDR5 give at most",
      fittedOn: "nothing: assumed",
    },
    outerStart: {
      value: 200,
      unit: "cycles from the start of a transfer to its first byte",
      fittedOn: "nothing: assumed",
    },
  },
  array: {
    writeBack: {
      value: 1,
      unit: "cycles to write back one result of all pipelines",
      fittedOn: "nothing alone: chosen with the structure, by all figures of both chips; VWW and IC tell most",
    },
    comparisons: {
      value: 1,
      unit: "elements that a maximum pooling compares in a cycle",
      fittedOn: "nothing: assumed, as CifarNet suggests",
    },
  },
  cortexA55: {
    product: {
      value: 0.124,
      unit: "cycles of a clock of 1 GHz for each multiplication of 8 bits, on all cores together",
      fittedOn: "MobileNetV2 on the Cortex-A55 of an i.MX 95, as if its multiplications took all the time",
    },
    element: {
      value: 0,
      unit: "cycles for each element of a result",
      fittedOn: "nothing: contained in the multiplications",
    },
    softmaxElement: { value: 40, unit: "cycles for each element of a softmax", fittedOn: "nothing: assumed" },
    quantizeElement: {
      value: 4,
      unit: "cycles for each real number that becomes an integer",
      fittedOn: "nothing: assumed",
    },
    realProduct: { value: 0.5, unit: "cycles for each multiplication in fp32", fittedOn: "nothing: assumed" },
  },
  cortexM33: {
    product: {
      value: 2.86,
      unit: "cycles for each multiplication of an 8-bit convolution or fully connected layer",
      fittedOn: "the MLPerf Tiny networks on the Cortex-M33 of an nRF5340, no figure of the list",
    },
    depthwiseProduct: {
      value: 2,
      unit: "the same where each channel has weights of its own",
      fittedOn: "the same",
    },
    element: { value: 34, unit: "cycles for each element of a result", fittedOn: "the same" },
    softmaxElement: {
      value: 345.5,
      unit: "cycles for each element of a softmax and of its conversion to real numbers",
      fittedOn: "MobileNetV1-0.25-128 on the i.MX RT700, a vendor's demonstration with 1001 classes",
    },
    quantizeElement: {
      value: 60,
      unit: "cycles for each real number that becomes an integer, in TFLite Micro",
      fittedOn: "nothing: assumed",
    },
    portableQuantizeElement: {
      value: 471.5,
      unit: "the same in ExecuTorch's portable kernels, with a transposition",
      fittedOn: "MobileNetV2 on NPU with fp32 input and output, the vendor's slide",
    },
    optimizedQuantizeElement: {
      value: 185.3,
      unit: "the same in an optimised kernel",
      fittedOn: "MobileNetV2 on Cortex-M33 and NPU with fp32 input and output, the vendor's slide",
    },
    realProduct: {
      value: 83.17,
      unit: "cycles for each multiplication of portable fp32 kernels",
      fittedOn: "MobileNetV2 on Cortex-M33 in fp32, the vendor's slide",
    },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, CalibratedNumber>>>>;
