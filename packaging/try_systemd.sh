#!/usr/bin/env bash
# Boots a Debian with systemd as its first process, installs the packages there, and runs the units: readiness, status,
# watchdog, port 80 without a right, a restart under load that loses no request, the recipe for addresses, an instance,
# and the client as a user's service. As root. Called by package.sh.
#
# usage: try_systemd.sh PACKAGES ROOTS
set -euo pipefail

packages=$(readlink -f "$1")
roots=$(readlink -m "$2")
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=${TUNNEL_DEBIAN_MIRROR:-http://deb.debian.org/debian}
root=$roots/systemd
log=$roots/systemd.log
seconds=300 # bounds the whole run

trap 'rm -rf "$root"' EXIT
mkdir -p "$roots"
rm -rf "$root"
debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,curl,init-system-helpers,iproute2 \
    "$release" "$root" "$mirror" >"$log" 2>&1
cp "$packages"/*.deb "$root/tmp"
chroot "$root" bash -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    /tmp/*.deb' >>"$log" 2>&1
cp "$here/systemd_trial.sh" "$root/usr/local/bin/trial"
# shellcheck disable=SC2016 # no expansion, but the fence of a block
sed -n '/^```systemd$/,/^```$/{//!p}' "$here/../docs/recipes.md" >"$root/root/addresses"
cat >"$root/etc/systemd/system/trial.service" <<'UNIT'
[Unit]
After=multi-user.target

[Service]
Type=oneshot
ExecStart=/bin/bash -c '/usr/local/bin/trial >/root/trial.log 2>&1; echo $? >/root/trial.status'
ExecStopPost=/bin/systemctl --no-block poweroff
UNIT
mkdir -p "$root/etc/systemd/system/default.target.wants"
ln -s ../trial.service "$root/etc/systemd/system/default.target.wants/trial.service"

# A network of its own: the ports of this machine are not touched. Control groups as Debian boots with them, and the
# right to filter by address.
SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 timeout "$seconds" systemd-nspawn --quiet --register=no --keep-unit \
    --private-network --capability=CAP_BPF --system-call-filter=bpf --directory="$root" --boot \
    >>"$log" 2>&1 </dev/null || true
if [[ $(cat "$root/root/trial.status" 2>/dev/null) != 0 ]]; then
    cat "$root/root/trial.log" >&2 || tail -n 40 "$log" >&2
    echo "The units do not work under systemd (see $log)" >&2
    exit 1
fi
cat "$root/root/trial.log"
