#!/usr/bin/env bash
# Debian packages of a build, programs for any Linux, a container image of these, a list of what is in them and
# checksums. Called by ./dev package.
#
# usage: package.sh BUILD STATIC-BUILD OUTPUT JOBS [--untried]
# As root, the packages are also installed in an empty Debian, and the programs run with no other file around them.
set -euo pipefail
cd "$(dirname "$(dirname "$(readlink -f "$0")")")"

build=$1 static=$2 output=$3 jobs=$4 tried=${5:-}
# The same commit gives the same bytes.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
version=$(sed -n 's/^project(tunnel VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
machine=$(uname -m)

# logged NAME COMMAND...: the output is shown only if the command fails.
logged() {
    local log=build/logs/$1.log
    shift
    if ! "$@" >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        echo "Failed: $*" >&2
        return 1
    fi
}

rm -rf "$output"
mkdir -p "$output" build/logs
unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT

echo "Debian packages from $build"
logged cpack env --chdir="$build" cpack -G DEB -B "$PWD/$output"
rm -rf "$output/_CPack_Packages"
if grep -q '^TUNNEL_DEBUG_SYMBOLS:BOOL=ON' "$build/CMakeCache.txt"; then
    packaging/debug_symbols.sh "$build" "$output"
    python3 -B tests/package/symbols.py "$output"
fi
lintian --allow-root --fail-on error,warning "$output"/*.deb
for package in "$output"/*.deb; do dpkg-deb --extract "$package" "$unpacked"; done
python3 -B tests/package/hardening.py "$build"/bin/tunnel-{server,client} --stripped "$unpacked"/usr/bin/tunnel-{server,client}

echo "Programs for any Linux"
logged configure-static cmake -S . -B "$static" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    "-DCMAKE_CXX_FLAGS_RELEASE=-O3 -DNDEBUG" -DTUNNEL_HARDENED=ON -DTUNNEL_STATIC=ON -DTUNNEL_BUILD_TESTS=OFF
logged build-static cmake --build "$static" -j "$jobs" --target tunnel-server tunnel-client
folder=tunnel-$version-linux-$machine
rm -rf "${static:?}/$folder"
mkdir -p "$static/$folder"
strip --strip-all -o "$static/$folder/tunnel-server" "$static/bin/tunnel-server"
strip --strip-all -o "$static/$folder/tunnel-client" "$static/bin/tunnel-client"
python3 -B tests/package/hardening.py "$static"/bin/tunnel-{server,client} \
    --stripped "$static/$folder"/tunnel-{server,client}
cp LICENSE packaging/man/tunnel-server.1 packaging/man/tunnel-client.1 "$static/$folder"
chmod 644 "$static/$folder"/*.1 "$static/$folder/LICENSE"
tar -C "$static" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    --mode=go-w -c "$folder" | gzip -9n >"$output/$folder.tar.gz"

echo "Container image of these programs"
logged image packaging/image.sh "$static/$folder" "$output/tunnel-$version-image-$machine.tar" "$version"

python3 -B packaging/sbom.py "$version" "$SOURCE_DATE_EPOCH" >"$output/tunnel-$version.spdx.json"
(cd "$output" && sha256sum -- * >SHA256SUMS)

if [[ $tried == --untried ]]; then
    echo "Not tried"
elif ((EUID == 0)); then
    packaging/try_packages.sh "$output" build/portability
    packaging/try_image.sh "$output"
    /usr/bin/python3 -B tests/package/containers.py "$output"
    packaging/try_systemd.sh "$output" build/portability
    python3 -B tests/package/five_minutes.py "$output" build/portability
else
    echo "Not root: the packages are not tried in an empty Debian"
fi
(cd "$output" && ls -l --time-style=+ && cat SHA256SUMS)
