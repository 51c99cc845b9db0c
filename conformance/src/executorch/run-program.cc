// Loads and executes a method of a .pte file with ExecuTorch's own runtime.
//
//   run-program --kernels                 names of all registered kernels
//   run-program model.pte                 names of the program's methods
//   run-program model.pte model.ptd|- method < commands
//
// A command is "tensor TYPE RANK SIZES... FILE", the next input from a file of raw bytes, or "execute FILE", which runs the method and
// writes each result as a line "TYPE BYTES SIZES..." and its bytes. A call that fails prints "refused: ..." and ends with status 1.
//
// The library is built with another C++ library: no object of its std:: types is made, moved or returned here but those of equal layout.
#include <executorch/extension/data_loader/file_data_loader.h>
#include <executorch/runtime/executor/program.h>
#include <executorch/runtime/platform/runtime.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <list>
#include <string>
#include <unistd.h>
#include <vector>

using namespace executorch::runtime;
using executorch::aten::ScalarType;
using executorch::aten::Tensor;
using executorch::aten::TensorImpl;
using executorch::extension::FileDataLoader;

namespace executorch::extension {

// Its header is not in the package. The result is larger than it can be, and begins with the map.
struct LoadedMap {
  std::byte storage[1024];
  ~LoadedMap() {}
};

class FlatTensorDataMap {
public:
  static LoadedMap load(DataLoader *loader);
};

} // namespace executorch::extension

namespace {

constexpr uint32_t poolBytes = 1u << 29;

// The library's streams are not glibc's, so nothing may be closed on the way out.
[[noreturn]] void leave(int status) {
  fflush(nullptr);
  _exit(status);
}

[[noreturn]] void refuse(const std::string &what) {
  printf("refused: %s\n", what.c_str());
  leave(1);
}

void require(Error error, const char *what) {
  char code[16];
  snprintf(code, sizeof code, ", 0x%x", static_cast<unsigned>(error));
  if (error != Error::Ok) refuse(what + std::string(code));
}

template <typename T> T &required(Result<T> &result, const char *what) {
  if (!result.ok()) require(result.error(), what);
  return *result;
}

std::vector<char> read(const std::string &path) {
  FILE *file = fopen(path.c_str(), "rb");
  if (file == nullptr) refuse("no file " + path);
  std::vector<char> bytes;
  char chunk[1 << 16];
  while (const size_t count = fread(chunk, 1, sizeof chunk, file)) bytes.insert(bytes.end(), chunk, chunk + count);
  fclose(file);
  return bytes;
}

struct Input {
  std::vector<int32_t> sizes, strides;
  std::vector<uint8_t> order;
  std::vector<char> bytes;
  TensorImpl tensor;

  Input(ScalarType type, std::vector<int32_t> shape, std::vector<char> data)
      : sizes(std::move(shape)), strides(sizes.size()), order(sizes.size()), bytes(std::move(data)),
        tensor(type, sizes.size(), sizes.data(), bytes.data(), order.data(), strides.data()) {
    int32_t stride = 1;
    for (size_t axis = sizes.size(); axis-- > 0; stride *= std::max(sizes[axis], 1)) {
      order[axis] = axis;
      strides[axis] = stride;
    }
  }
};

int nextNumber() {
  int number = 0;
  if (scanf("%d", &number) != 1) refuse("a command without its numbers");
  return number;
}

std::string nextWord() {
  char word[4096];
  return scanf("%4095s", word) == 1 ? word : "";
}

void readInput(Method &method, size_t index, std::list<Input> &inputs) {
  const auto type = static_cast<ScalarType>(nextNumber());
  std::vector<int32_t> sizes(nextNumber());
  for (auto &size : sizes) size = nextNumber();
  auto &input = inputs.emplace_back(type, std::move(sizes), read(nextWord()));
  require(method.set_input(EValue(Tensor(&input.tensor)), index), "set_input");
}

void execute(Method &method, const std::string &path) {
  require(method.execute(), "execute");
  FILE *file = fopen(path.c_str(), "wb");
  for (size_t index = 0; index < method.outputs_size(); index++) {
    const EValue &value = method.get_output(index);
    if (!value.isTensor()) {
      const auto type = value.isInt() ? ScalarType::Long : value.isDouble() ? ScalarType::Double : ScalarType::Bool;
      const size_t bytes = value.isBool() ? 1 : 8;
      fprintf(file, "%d %zu\n", static_cast<int>(type), bytes);
      fwrite(&value.payload, 1, bytes, file);
      continue;
    }
    const Tensor &tensor = value.toTensor();
    fprintf(file, "%d %zu", static_cast<int>(tensor.scalar_type()), tensor.nbytes());
    for (const auto size : tensor.sizes()) fprintf(file, " %d", size);
    fputc('\n', file);
    fwrite(tensor.const_data_ptr(), 1, tensor.nbytes(), file);
  }
  fclose(file);
}

void checkBoundary(const MethodMeta &meta) {
  for (size_t index = 0; index < meta.num_inputs(); index++) {
    auto tag = meta.input_tag(index);
    if (required(tag, "input_tag") != Tag::Tensor) continue;
    auto info = meta.input_tensor_meta(index);
    required(info, "input_tensor_meta");
  }
  for (size_t index = 0; index < meta.num_outputs(); index++) {
    auto tag = meta.output_tag(index);
    if (required(tag, "output_tag") != Tag::Tensor) continue;
    auto info = meta.output_tensor_meta(index);
    required(info, "output_tensor_meta");
  }
}

void runMethod(Program &program, const char *name, const char *data) {
  auto meta = program.method_meta(name);
  checkBoundary(required(meta, "method_meta"));
  std::vector<Span<uint8_t>> arenas;
  for (size_t index = 0; index < meta->num_memory_planned_buffers(); index++) {
    auto size = meta->memory_planned_buffer_size(index);
    const size_t bytes = required(size, "memory_planned_buffer_size");
    auto *arena = static_cast<uint8_t *>(aligned_alloc(64, (bytes + 127) / 64 * 64));
    memset(arena, 0xa5, bytes);
    arenas.emplace_back(arena, bytes);
  }
  HierarchicalAllocator planned({arenas.data(), arenas.size()});
  MemoryAllocator lasting(poolBytes, static_cast<uint8_t *>(malloc(poolBytes)));
  MemoryAllocator temporary(poolBytes, static_cast<uint8_t *>(malloc(poolBytes)));
  MemoryManager memory(&lasting, &planned, &temporary);
  const NamedDataMap *named = nullptr;
  if (strcmp(data, "-") != 0) {
    auto *loader = new Result<FileDataLoader>(FileDataLoader::from(data));
    auto *loaded = new executorch::extension::LoadedMap(
        executorch::extension::FlatTensorDataMap::load(&required(*loader, "the weights")));
    named = reinterpret_cast<const NamedDataMap *>(loaded->storage);
  }
  auto method = program.load_method(name, &memory, nullptr, named);
  required(method, "load_method");
  std::list<Input> inputs;
  size_t given = 0;
  for (std::string command = nextWord(); command != ""; command = nextWord()) {
    if (command == "tensor") readInput(*method, given++, inputs);
    else if (command == "execute") {
      execute(*method, nextWord());
      given = 0;
    } else refuse("no command " + command);
  }
}

} // namespace

int main(int count, char **words) {
  runtime_init();
  if (count == 2 && strcmp(words[1], "--kernels") == 0) {
    for (const auto &kernel : get_registered_kernels()) puts(kernel.name_);
    leave(0);
  }
  if (count != 2 && count != 4) refuse("a use that is not known");
  auto loader = FileDataLoader::from(words[1]);
  auto program = Program::load(&required(loader, "the file"));
  required(program, "Program::load");
  if (count == 2)
    for (size_t index = 0; index < program->num_methods(); index++) {
      auto name = program->get_method_name(index);
      puts(required(name, "get_method_name"));
    }
  else runMethod(*program, words[3], words[2]);
  leave(0);
}
