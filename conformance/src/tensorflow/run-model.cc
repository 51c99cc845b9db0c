// Runs a .tflite file by TensorFlow Lite's reference kernels, without delegates: `run-model MODEL < inputs > outputs`.
// Operators without a reference kernel are run by the optimized one.
// `run-model --each MODEL...` does so for many, each in a process of its own: inputs come from MODEL.in, outputs go to MODEL.out and
// messages to MODEL.err; without MODEL.out the model failed.
// Standard input holds the raw inputs of any number of runs, one run after another and the inputs of a run in the
// file's order; the raw outputs go to standard output in the same way. A failure is a message and exit code 1.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "tensorflow/lite/interpreter.h"
#include "tensorflow/lite/interpreter_builder.h"
#include "tensorflow/lite/kernels/register.h"
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

void Run(const char* path) {
  const auto model = tflite::FlatBufferModel::VerifyAndBuildFromFile(path);
  Require(model != nullptr, "TensorFlow Lite refuses the file");
  tflite::MutableOpResolver resolver;
  resolver.AddAll(tflite::ops::builtin::BuiltinOpResolverWithoutDefaultDelegates());
  resolver.AddAll(tflite::ops::builtin::BuiltinRefOpResolver());
  std::unique_ptr<tflite::Interpreter> interpreter;
  Require(tflite::InterpreterBuilder(*model, resolver)(&interpreter) == kTfLiteOk, "no interpreter could be built");
  Require(!interpreter->inputs().empty(), "the model has no inputs");
  Require(interpreter->AllocateTensors() == kTfLiteOk, "the tensors could not be allocated");
  while (ReadInputs(*interpreter)) {
    Require(interpreter->Invoke() == kTfLiteOk, "the model could not be run");
    WriteOutputs(*interpreter);
  }
}

// Runs the model in a child process with its own files as standard streams.
void RunApart(const std::string& path) {
  const pid_t child = fork();
  Require(child >= 0, "no process could be started");
  if (child == 0) {
    const std::string output = path + ".part";
    Require(std::freopen((path + ".err").c_str(), "w", stderr) != nullptr, "no file for messages");
    Require(std::freopen((path + ".in").c_str(), "r", stdin) != nullptr, "no inputs");
    Require(std::freopen(output.c_str(), "w", stdout) != nullptr, "no file for outputs");
    Run(path.c_str());
    std::fflush(stdout);
    std::rename(output.c_str(), (path + ".out").c_str());
    std::_Exit(0);
  }
  waitpid(child, nullptr, 0);
}

}  // namespace

int main(int count, char** arguments) {
  Require(count >= 2, "usage: run-model MODEL < inputs > outputs, or run-model --each MODEL...");
  if (std::string(arguments[1]) != "--each") return Run(arguments[1]), 0;
  for (int index = 2; index < count; index++) RunApart(arguments[index]);
}
