/** Stored cases that are left out, each with the reason: an operator (`SVDF`), one case (`ADD/same`) or a model. */
export const skips: Readonly<Record<string, string>> = {
  SVDF: "keeps state from run to run",
  UNIDIRECTIONAL_SEQUENCE_LSTM: "not among the graph's operators yet",
  "mlperf_tiny_models/kws_ref_model_float32.tflite": "dynamic-range quantization: float data with 8-bit weights",
  "onnx_models/dtln_model_quant_1.tflite": "dynamic-range quantization: float data with 8-bit weights",
  "tflite_zoo/ssd_mobilenet_v1_coco_quant.tflite": "a custom operator sorts the detections",
  "tflite_zoo/uww_okay_nabu_v2.tflite": "resource variables keep state from run to run",
  "tflite_zoo/uww_vad_v2.tflite": "resource variables keep state from run to run",
  "tflm/trained_lstm_int8.tflite": "LSTM is not among the graph's operators yet",
};
