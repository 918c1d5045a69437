#!/usr/bin/env bash
# Runs both programs from the container image and forwards a request. As root. Called by package.sh.
#
# usage: try_image.sh PACKAGES
set -euo pipefail

image=$(echo "$1"/tunnel-*-image-*.tar)
work=$(mktemp -d)
buildah=(buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs)
containers=() pids=()

finish() {
    local pid
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    if ((${#containers[@]} > 0)); then "${buildah[@]}" rm "${containers[@]}" >/dev/null; fi
    rm -rf "$work"
}
trap finish EXIT

# run PROGRAM ARGUMENTS...: in a container of its own that shares this machine's network.
run() {
    local container
    container=$("${buildah[@]}" from "oci-archive:$image")
    containers+=("$container")
    "${buildah[@]}" run --runtime runc --isolation oci --network host "$container" -- "$@" >"$work/${1#/}" 2>"$work/log" &
    pids+=($!)
}

http='' tcp=''
run /tunnel-server --http-addr 127.0.0.1:0 --tcp-addr 127.0.0.1:0
for _ in {1..200}; do
    read -r _ http tcp 2>/dev/null <"$work/tunnel-server" && break
    sleep 0.05
done
run /tunnel-client --server-addr "${tcp#tcp=}" --echo
for _ in {1..200}; do
    if grep -qs '^connected ' "$work/tunnel-client"; then break; fi
    sleep 0.05
done
if ! curl --silent --show-error --fail --data-binary 'hello' "http://${http#http=}/hook?x=1" |
    grep -q 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824; then
    cat "$work/log" >&2
    exit 1
fi
echo "Two containers of the image forwarded a request"
