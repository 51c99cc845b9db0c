#!/bin/sh
# Builds FOLDER/run-model with TensorFlow Lite 2.14 as Debian's next release packages it. Nothing is installed: apt works
# in a root of its own, the packages are unpacked in FOLDER, and the program runs with the C library that comes with them.
set -eu
[ $# = 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1" && cd "$1" && folder=$(pwd)
mkdir -p apt/lists/partial apt/cache/archives/partial packages

mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | head -n 1)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror forky main" > apt/sources.list
: > apt/status
cat > apt/apt.conf <<END
Dir::State "$folder/apt";
Dir::State::status "$folder/apt/status";
Dir::Cache "$folder/apt/cache";
Dir::Etc::sourcelist "$folder/apt/sources.list";
Dir::Etc::sourceparts "-";
APT::Sandbox::User "root";
END
export APT_CONFIG="$folder/apt/apt.conf"
apt-get -q update
abseil=$(apt-cache depends libtensorflow-lite2.14.1 | sed -n 's/.*Depends: \(libabsl[^ ]*\)/\1/p')
cd packages
apt-get -q download libtensorflow-lite2.14.1 libtensorflow-lite-dev libflatbuffers-dev "$abseil" \
  libcpuinfo0 libfarmhash0 libpthreadpool0 libc6 libgcc-s1 libstdc++6
for package in *.deb; do dpkg -x "$package" "$folder/root"; done

libraries="$folder/root/usr/lib/x86_64-linux-gnu"
g++ -std=c++17 -O1 -I "$folder/root/usr/include" "$here/run-model.cc" -o "$folder/run-model.bin" \
  -L "$libraries" -l:libtensorflow-lite.so.2.14.1 -Wl,--allow-shlib-undefined
cat > "$folder/run-model" <<END
#!/bin/sh
exec "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries" "$folder/run-model.bin" "\$@"
END
chmod +x "$folder/run-model"
echo "$folder/run-model"
