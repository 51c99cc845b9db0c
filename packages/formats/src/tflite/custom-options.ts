import { readFlexMap, writeFlexMap } from "./flexbuffer.ts";

type Kind = "integer" | "real" | "flag";
/** How an option is stored, and what it is where it is left out. */
type Option = Kind | readonly [kind: Kind, absent: number | boolean];

/** Options that custom operators keep in a FlexBuffer map, by the operator's custom code. */
const schema: Readonly<Record<string, Readonly<Record<string, Option>>>> = {
  TFLite_Detection_PostProcess: {
    max_detections: "integer",
    max_classes_per_detection: "integer",
    detections_per_class: ["integer", 100],
    num_classes: "integer",
    use_regular_nms: ["flag", false],
    nms_score_threshold: "real",
    nms_iou_threshold: "real",
    y_scale: "real",
    x_scale: "real",
    h_scale: "real",
    w_scale: "real",
  },
  MillraceNpu: {},
  CIRCULAR_BUFFER: { cycles_max: ["integer", 0] },
  SignalDelay: { delay_length: "integer" },
  SignalEnergy: { start_index: "integer", end_index: "integer" },
  SignalFftAutoScale: {},
  SignalFilterBank: { num_channels: "integer" },
  SignalFilterBankLog: { input_correction_bits: "integer", output_scale: "integer" },
  SignalFilterBankSpectralSubtraction: {
    num_channels: "integer",
    smoothing: "integer",
    one_minus_smoothing: "integer",
    alternate_smoothing: "integer",
    alternate_one_minus_smoothing: "integer",
    smoothing_bits: "integer",
    min_signal_remaining: "integer",
    clamping: "flag",
    spectral_subtraction_bits: "integer",
  },
  SignalFilterBankSquareRoot: {},
  SignalFramer: { frame_size: "integer", frame_step: "integer", prefill: "flag" },
  SignalIrfft: { T: ["integer", 0], fft_length: "integer" },
  SignalOverlapAdd: { T: ["integer", 0], frame_step: "integer" },
  SignalPCAN: { snr_shift: "integer" },
  SignalRfft: { T: ["integer", 0], fft_length: "integer" },
  SignalStacker: {
    num_channels: "integer",
    stacker_left_context: "integer",
    stacker_right_context: "integer",
    stacker_step: "integer",
  },
  SignalWindow: { shift: "integer" },
};

/** Options by name in camel case; `type` is the number of the element type that TensorFlow adds as `T`. */
export type CustomOptions = Readonly<Record<string, number | boolean>>;

function camelCase(name: string): string {
  return name === "T" ? "type" : name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The options of a known custom operator; undefined for one that is missing. Throws FormatError `tflite.flexbuffer`. */
export function readCustomOptions(
  code: string,
  bytes: Uint8Array | undefined,
): Readonly<Record<string, number | boolean | undefined>> {
  const stored = bytes && bytes.length > 0 ? readFlexMap(bytes) : new Map<string, never>();
  const entries = Object.entries(schema[code]).map(([name, option]) => {
    const [kind, absent] = typeof option === "string" ? [option] : option;
    const value = stored.get(name) ?? absent;
    if (typeof value !== "number" && typeof value !== "boolean") return [camelCase(name), undefined];
    return [camelCase(name), kind === "flag" ? Boolean(value) : Number(value)];
  });
  return Object.fromEntries(entries);
}

/** The FlexBuffer of a known custom operator's options, of which those not given are left out. */
export function writeCustomOptions(code: string, options: CustomOptions): Uint8Array {
  const known = Object.entries(schema[code]).filter(([name]) => options[camelCase(name)] !== undefined);
  const reals = known.flatMap(([name, option]) => ([option].flat()[0] === "real" ? [name] : []));
  return writeFlexMap(new Map(known.map(([name]) => [name, options[camelCase(name)]])), reals);
}
