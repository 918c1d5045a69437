#!/usr/bin/env bash
# Installs the Debian packages in an empty Debian and forwards a request there, then does the same with the static
# programs in an empty folder. As root. Called by package.sh.
#
# usage: try_packages.sh PACKAGES ROOTS
set -euo pipefail

packages=$(readlink -f "$1")
roots=$(readlink -m "$2")
# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=${TUNNEL_DEBIAN_MIRROR:-http://deb.debian.org/debian}
root=$roots/installed
empty=$(mktemp -d)
pids=()

finish() {
    local pid
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    if mountpoint -q "$root/proc"; then umount --lazy "$root/proc"; fi
    rm -rf "$root" "$empty"
}
trap finish EXIT

# forward ROOT FOLDER HOST: what the client's --echo says of a request that went through both programs in that root, where
# the client finds the server by that name.
forward() {
    local root=$1 folder=$2 host=$3 out=$empty/out http='' tcp=''
    mkdir -p "$out"
    chroot "$root" "$folder/tunnel-server" --http-addr 127.0.0.1:0 --tcp-addr 127.0.0.1:0 >"$out/server" &
    pids+=($!)
    for _ in {1..200}; do
        read -r _ http tcp 2>/dev/null <"$out/server" && break
        sleep 0.05
    done
    chroot "$root" "$folder/tunnel-client" --server-addr "$host:${tcp##*:}" --echo >"$out/client" &
    pids+=($!)
    for _ in {1..200}; do
        if grep -qs '^connected ' "$out/client"; then break; fi
        sleep 0.05
    done
    curl --silent --show-error --fail --data-binary 'hello' "http://${http#http=}/hook?x=1" >"$out/response"
    grep -q 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 "$out/response"
    kill "${pids[@]}"
    wait "${pids[@]}"
    pids=()
    rm -rf "$out"
}

mkdir -p "$roots"
debootstrap --variant=minbase "$release" "$root" "$mirror" >"$roots/installed.log" 2>&1
mount -t proc proc "$root/proc"
cp "$packages"/*.deb "$root/tmp"
chroot "$root" bash -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    /tmp/*.deb' >>"$roots/installed.log" 2>&1
forward "$root" /usr/bin 127.0.0.1
# With what depends on them: their debug symbols.
chroot "$root" apt-get purge -y tunnel-server tunnel-client >>"$roots/installed.log" 2>&1
echo "Installed in an empty Debian $release, forwarded a request, removed"

tar -xzf "$packages"/*.tar.gz -C "$empty" --strip-components=1
# The C library of static programs looks names up without plug-ins of the system.
mkdir "$empty/etc"
echo 127.0.0.1 vps.example.com >"$empty/etc/hosts"
forward "$empty" "" vps.example.com
echo "The static programs forwarded a request with no other file than /etc/hosts in their root"
