#!/bin/sh
# Builds FOLDER/run-program with ExecuTorch's runtime and kernels as the npm package react-native-executorch has them for Android on
# x86-64. The package is only unpacked; nothing of it is installed or run but the library.
set -eu
[ $# = 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1" && cd "$1" && folder=$(pwd)

package=react-native-executorch-0.9.3
archive=$package.tgz
[ -f "$archive" ] || npm pack --silent "react-native-executorch@0.9.3" > /dev/null
echo "79a9e90def2c145c5b29f0a1d25aab495c94e3f75e885d69656b593a365257ec3ea9fb8db1dae4424a2c731be133024e9ef5cd901b7805702bf2902518e5d2b4  $archive" | sha512sum --check --quiet
tar xzf "$archive" package/third-party/include package/third-party/android/libs/executorch/x86_64

cd "$here"
npx tsx "$here/loadable-library.ts" "$folder/package/third-party/android/libs/executorch/x86_64/libexecutorch.so" \
  "$folder/libexecutorch_jni.so"
g++ -std=c++17 -O1 -fno-rtti -DC10_USING_CUSTOM_GENERATED_MACROS -isystem "$folder/package/third-party/include" -rdynamic \
  run-program.cc bionic.cc -o "$folder/run-program" "$folder/libexecutorch_jni.so" \
  -Wl,--no-as-needed,-z,lazy,--allow-shlib-undefined,-rpath,"$folder" -lm -ldl
echo "$folder/run-program"
