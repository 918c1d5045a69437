#!/usr/bin/env bash
# What try_systemd.sh runs in the machine that it boots.
set -euo pipefail

fail() {
    echo "$1" >&2
    systemctl --no-pager status tunnel-server tunnel-trial-client >&2 || true
    journalctl --no-pager -n 100 >&2 || true
    exit 1
}

# wait_for WHAT COMMAND...: for 30 s at most.
wait_for() {
    local what=$1
    shift
    for _ in {1..300}; do
        if "$@"; then return; fi
        sleep 0.1
    done
    fail "not within 30 s: $what"
}

status_has() { systemctl show --property=StatusText tunnel-server | grep -q "$1"; }
responds() { curl --silent --fail --output /dev/null "http://127.0.0.1:$1/"; }
restarts() { systemctl show --property=NRestarts --value tunnel-server; }

mkdir -p /etc/tunnel
echo TUNNEL_HTTP_ADDR=127.0.0.1:8080 >/etc/tunnel/server.env
systemctl enable --quiet --now tunnel-server
status_has 'no client is connected' || fail "the status does not say that no client is connected"
systemd-run --quiet --unit=tunnel-trial-client --property=Type=notify --property=DynamicUser=yes tunnel-client --echo
wait_for "the client in the status" status_has 'client 127.0.0.1:[0-9]* is active'
responds 8080 || fail "no response on port 8080"
echo "systemd: ready, with status; a request was forwarded"

systemd-analyze security --threshold=15 tunnel-server >/dev/null || fail "exposure above 1.5"
[[ -z $(systemd-analyze verify --man=no tunnel-server.service tunnel-server.socket tunnel-server-link.socket 2>&1) ]] ||
    fail "systemd-analyze verify has findings"
echo "systemd: exposure at most 1.5, no findings in the units"

mkdir -p /etc/systemd/system/tunnel-server.socket.d /etc/systemd/system/tunnel-server.service.d
printf '[Socket]\nListenStream=\nListenStream=80\n' >/etc/systemd/system/tunnel-server.socket.d/port.conf
printf '[Service]\nWatchdogSec=2\n' >/etc/systemd/system/tunnel-server.service.d/watchdog.conf
systemctl daemon-reload
systemctl stop tunnel-server
systemctl enable --quiet --now tunnel-server.socket tunnel-server-link.socket
systemctl start tunnel-server
wait_for "a response on port 80" responds 80
echo "systemd: port 80 without a right"

call() {
    until [[ -e /tmp/stop ]]; do
        if curl --silent --fail --output /dev/null --max-time 20 http://127.0.0.1:80/; then
            echo served
        else
            echo "failed: $?"
        fi
    done >"/tmp/caller.$1"
}
callers=()
for i in 1 2 3 4; do
    call "$i" &
    callers+=($!)
done
for _ in 1 2 3; do
    systemctl restart tunnel-server
    wait_for "a response after the restart" responds 80
done
touch /tmp/stop
wait "${callers[@]}"
if grep -h failed /tmp/caller.*; then fail "a restart lost requests"; fi
echo "systemd: $(cat /tmp/caller.* | wc -l) requests of four callers during three restarts, all served"

before=$(restarts)
kill -STOP "$(systemctl show --property=MainPID --value tunnel-server)"
restarted() { (($(restarts) > before)); }
wait_for "a restart by the watchdog" restarted
wait_for "a response after the watchdog" responds 80
echo "systemd: a program that hangs is started again"

# The client has warned of connections that it lost, and was told of restarts at level info.
[[ $(journalctl --quiet --unit=tunnel-trial-client --priority=info) == *' info '* ]] || fail "info is not in the journal"
warnings=$(journalctl --quiet --unit=tunnel-trial-client --priority=warning)
if [[ $warnings != *' warn '* || $warnings == *' info '* ]]; then fail "lines do not have the priority of their level"; fi
echo "systemd: lines have the priority of their level in the journal"

# The tunnel port for known addresses alone, as docs/recipes.md has it. A laptop and a stranger have an address each.
laptop=203.0.113.9 stranger=198.51.100.7
ip address add $laptop/32 dev lo
ip address add $stranger/32 dev lo
# The source address of the connection is the address that it connects to.
is_let_in() { [[ $(tunnel-client doctor --connect-timeout 1s --server-addr "$1:7000" 2>&1) == *'accepts it after'* ]]; }
is_let_in $stranger || fail "the tunnel port does not accept connections"
# shellcheck source=/dev/null
. /root/addresses
is_let_in $laptop || fail "the laptop's address is not let in"
is_let_in 127.0.0.1 || fail "this machine's address is not let in"
if ! is_let_in $stranger; then
    curl --silent --fail --output /dev/null "http://$stranger/" || fail "the public port is filtered too"
    echo "systemd: the tunnel port lets in the addresses that it is told, and no other"
elif systemd-run --quiet --wait --property=IPAddressDeny=any curl --silent --fail --max-time 5 http://127.0.0.1/; then
    echo "systemd: takes the addresses of the tunnel port; nothing is filtered here, where it may not load BPF programs"
else
    fail "a stranger's address is let in"
fi

# An instance with settings of its own, and the client as a service of a user who is not logged in.
printf 'TUNNEL_HTTP_ADDR=127.0.0.1:8081\nTUNNEL_TCP_ADDR=127.0.0.1:7001\n' >/etc/tunnel/anna.env
systemctl enable --quiet --now tunnel-server@anna
useradd --create-home anna
loginctl enable-linger anna
as_anna() { runuser -u anna -- env XDG_RUNTIME_DIR="/run/user/$(id -u anna)" "$@"; }
wait_for "the service manager of a user" test -S "/run/user/$(id -u anna)/systemd/private"
as_anna mkdir -p /home/anna/.config/tunnel
printf 'TUNNEL_SERVER_ADDR=127.0.0.1:7001\nTUNNEL_ECHO=true\n' >/home/anna/.config/tunnel/client.env
as_anna systemctl --user enable --quiet --now tunnel-client || fail "the user's tunnel-client does not start"
responds 8081 || fail "no response of the instance"
recorded() { [[ $(as_anna tunnel-client requests) == *GET* ]]; }
wait_for "the request in the user's history" recorded
as_anna systemctl --user stop tunnel-client
echo "systemd: an instance, and the client as a user's service, which recorded the request"
