import { signalFilterBank, signalFilterBankLog, signalFilterBankSquareRoot } from "./filter-bank.ts";
import { signalFramer, signalOverlapAdd, signalStacker } from "./frames.ts";
import { signalFilterBankSpectralSubtraction, signalPcan } from "./noise.ts";
import { signalEnergy, signalFftAutoScale, signalIrfft, signalRfft, signalWindow } from "./spectrum.ts";

/** TFLite Micro's operators that turn sound into features, by name. */
export const signalOperators = {
  signalWindow,
  signalFftAutoScale,
  signalRfft,
  signalIrfft,
  signalEnergy,
  signalFilterBank,
  signalFilterBankSquareRoot,
  signalFilterBankSpectralSubtraction,
  signalPcan,
  signalFilterBankLog,
  signalFramer,
  signalOverlapAdd,
  signalStacker,
};
