#!/usr/bin/env bash
# Debian packages of a build, programs for any Linux, a list of what is in them and checksums. Called by ./dev package.
#
# usage: package.sh BUILD STATIC-BUILD OUTPUT JOBS
# As root, the packages are also installed in an empty Debian, and the programs run with no other file around them.
set -euo pipefail
cd "$(dirname "$(dirname "$(readlink -f "$0")")")"

build=$1 static=$2 output=$3 jobs=$4
# The same commit gives the same bytes.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
version=$(sed -n 's/^project(tunnel VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
machine=$(uname -m)

rm -rf "$output"
mkdir -p "$output" build/logs

echo "Debian packages from $build"
(cd "$build" && cpack -G DEB -B "$OLDPWD/$output") >build/logs/cpack.log
rm -rf "$output/_CPack_Packages"
lintian --allow-root --fail-on error,warning "$output"/*.deb

echo "Programs for any Linux"
cmake -S . -B "$static" -G Ninja -DCMAKE_BUILD_TYPE=Release "-DCMAKE_CXX_FLAGS_RELEASE=-O3 -DNDEBUG" \
    "-DCMAKE_CXX_FLAGS=-fstack-protector-strong -D_FORTIFY_SOURCE=2" -DTUNNEL_STATIC=ON -DTUNNEL_BUILD_TESTS=OFF \
    >build/logs/configure-static.log
cmake --build "$static" -j "$jobs" --target tunnel-server tunnel-client >build/logs/build-static.log
folder=tunnel-$version-linux-$machine
rm -rf "${static:?}/$folder"
mkdir -p "$static/$folder"
strip --strip-all -o "$static/$folder/tunnel-server" "$static/bin/tunnel-server"
strip --strip-all -o "$static/$folder/tunnel-client" "$static/bin/tunnel-client"
cp LICENSE packaging/man/tunnel-server.1 packaging/man/tunnel-client.1 "$static/$folder"
chmod 644 "$static/$folder"/*.1 "$static/$folder/LICENSE"
tar -C "$static" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    --mode=go-w -c "$folder" | gzip -9n >"$output/$folder.tar.gz"

python3 -B packaging/sbom.py "$version" "$SOURCE_DATE_EPOCH" >"$output/tunnel-$version.spdx.json"
(cd "$output" && sha256sum -- * >SHA256SUMS)

if ((EUID == 0)); then
    packaging/try_packages.sh "$output" build/portability
    packaging/try_systemd.sh "$output" build/portability
else
    echo "Not root: the packages are not tried in an empty Debian"
fi
(cd "$output" && ls -l --time-style=+ && cat SHA256SUMS)
