#!/usr/bin/env bash
# Builds the tests in roots of several Debian releases, with each release's own compiler and libraries, and runs the
# unit tests there. Called by ./dev portability, as root.
#
# usage: portability.sh ROOTS PACKAGES RELEASE[+clang]...
# RELEASE+clang is that release with clang 19 and libc++ in place of GCC.
# ROOTS is the folder that holds the roots and what was built in them, PACKAGES the list as ./dev has it: `a|b` is a
# where the release has it, else b.
set -euo pipefail

roots=$(readlink -m "$1")
packages=$2
shift 2
source=$(dirname "$(dirname "$(readlink -f "$0")")")
mirror=${TUNNEL_DEBIAN_MIRROR:-http://deb.debian.org/debian}

mounted=()
unmount_all() {
    local i
    for ((i = ${#mounted[@]} - 1; i >= 0; --i)); do umount --lazy "${mounted[i]}" || true; done
    mounted=()
}
# mount_at FOLDER ARGUMENTS-OF-MOUNT...
mount_at() {
    mkdir -p "$1"
    mount "${@:2}" "$1"
    mounted+=("$1")
}

# logged NAME COMMAND...: the output is shown only if the command fails.
logged() {
    local log=$roots/$1.log
    shift
    if ! "$@" >"$log" 2>&1 </dev/null; then
        tail -n 60 "$log" >&2
        echo "Failed: $* (all of it: $log)" >&2
        return 1
    fi
}

make_root() {
    local release=$1 root=$roots/$1
    if [[ -e $root/complete ]]; then return; fi
    rm -rf "$root"
    logged "$release-debootstrap" debootstrap --variant=minbase "$release" "$root" "$mirror"
    # Every installed system has this file; debootstrap leaves it to the installer.
    printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
    touch "$root/complete"
}

# What runs inside: the packages first, then the build.
# shellcheck disable=SC2016 # for the shell inside
inside='
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
# A mirror may be a snapshot of some day, whose release file has expired.
apt-get update -qq -o Acquire::Check-Valid-Until=false
names=()
for entry in $PACKAGES; do
    for name in ${entry//|/ }; do
        if [[ -n $(apt-cache show --no-all-versions "$name" 2>/dev/null) ]]; then break; fi
    done
    names+=("$name")
done
apt-get install -y --no-install-recommends "${names[@]}"
settings=(-G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0)
build=/build
if [[ -n $CLANG ]]; then
    apt-get install -y --no-install-recommends clang-19 libc++-19-dev libc++abi-19-dev googletest
    build=/build-clang
    settings+=(-DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_CXX_FLAGS=-stdlib=libc++)
    # The library that the package has is for libstdc++.
    cmake -S /usr/src/googletest -B /build-googletest "${settings[@]}" -DCMAKE_INSTALL_PREFIX=/opt/googletest
    cmake --build /build-googletest -j "$JOBS" --target install
    settings+=(-DCMAKE_PREFIX_PATH=/opt/googletest -DTUNNEL_HEADER_ONLY=ON)
fi
cmake -S /source -B "$build" "${settings[@]}" -DTUNNEL_WARNINGS_AS_ERRORS=ON
# All that does not compile, not the first of it alone.
cmake --build "$build" -j "$JOBS" --target tunnel-server tunnel-client unit_tests -- -k 0
ctest --test-dir "$build" -L unit -j "$JOBS" --output-on-failure
'

try_release() {
    local name=$1 release=${1%+clang} start=$SECONDS
    local root=$roots/$release clang='' compiler=c++
    if [[ $name != "$release" ]]; then clang=yes compiler=clang++-19; fi
    make_root "$release"
    mount_at "$root/proc" -t proc proc
    mount_at "$root/dev" --rbind /dev
    mount --make-rslave "$root/dev"
    mount_at "$root/source" --bind -o ro "$source"
    logged "$name" env --ignore-environment HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin PACKAGES="$packages" \
        CLANG="$clang" JOBS="${JOBS:-$(nproc)}" chroot "$root" bash -c "$inside"
    printf '%-10s %s, Boost %s: %s in %d s\n' "$name" "$(chroot "$root" "$compiler" --version | head -n 1)" \
        "$(sed -n 's/^#define BOOST_LIB_VERSION "\(.*\)"/\1/p' "$root/usr/include/boost/version.hpp" | tr _ .)" \
        "$(sed -n 's/^\(.* tests passed.*\)/\1/p' "$roots/$name.log")" $((SECONDS - start))
    unmount_all
}

mkdir -p "$roots"
status=0
for release in "$@"; do
    # Not in a condition, where `set -e` would be ignored.
    set +e
    (
        set -e
        trap unmount_all EXIT
        try_release "$release"
    )
    ended=$?
    set -e
    if ((ended != 0)); then status=1; fi
done
exit $status
