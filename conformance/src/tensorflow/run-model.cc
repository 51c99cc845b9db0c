// Runs a .tflite file by TensorFlow Lite's reference kernels, without delegates: `run-model MODEL < inputs > outputs`.
// Standard input holds the raw inputs of any number of runs, one run after another and the inputs of a run in the
// file's order; the raw outputs go to standard output in the same way. A failure is a message and exit code 1.
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "tensorflow/lite/interpreter.h"
#include "tensorflow/lite/interpreter_builder.h"
#include "tensorflow/lite/kernels/register_ref.h"
#include "tensorflow/lite/model_builder.h"

namespace {

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::exit(1);
}

// False at the end of the inputs; ends the process in the middle of a run's inputs.
bool ReadInputs(tflite::Interpreter& interpreter) {
  bool first = true;
  for (const int index : interpreter.inputs()) {
    TfLiteTensor* tensor = interpreter.tensor(index);
    const size_t bytes = std::fread(tensor->data.raw, 1, tensor->bytes, stdin);
    if (first && bytes == 0) return false;
    Require(bytes == tensor->bytes, "the inputs end in the middle of a run");
    first = false;
  }
  return true;
}

void WriteOutputs(const tflite::Interpreter& interpreter) {
  for (const int index : interpreter.outputs()) {
    const TfLiteTensor* tensor = interpreter.tensor(index);
    const size_t bytes = std::fwrite(tensor->data.raw, 1, tensor->bytes, stdout);
    Require(bytes == tensor->bytes, "the outputs can't be written");
  }
}

}  // namespace

int main(int count, char** arguments) {
  Require(count == 2, "usage: run-model MODEL < inputs > outputs");
  const auto model = tflite::FlatBufferModel::VerifyAndBuildFromFile(arguments[1]);
  Require(model != nullptr, "TensorFlow Lite refuses the file");
  const tflite::ops::builtin::BuiltinRefOpResolver resolver;
  std::unique_ptr<tflite::Interpreter> interpreter;
  Require(tflite::InterpreterBuilder(*model, resolver)(&interpreter) == kTfLiteOk, "no interpreter could be built");
  Require(!interpreter->inputs().empty(), "the model has no inputs");
  Require(interpreter->AllocateTensors() == kTfLiteOk, "the tensors could not be allocated");
  while (ReadInputs(*interpreter)) {
    Require(interpreter->Invoke() == kTfLiteOk, "the model could not be run");
    WriteOutputs(*interpreter);
  }
}
