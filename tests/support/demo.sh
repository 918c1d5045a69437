#!/usr/bin/env bash
# Runs the tunnel on this machine with a sample app behind it and shows that bytes match. Called by ./dev demo.
set -euo pipefail

bin=$1
stay=${2:-}
here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
pids=()
failures=0

stop_all() {
    local pid
    # The last started goes first, so that each drains while its neighbours still answer.
    for ((i = ${#pids[@]} - 1; i >= 0; --i)); do
        pid=${pids[i]}
        kill "$pid" 2>/dev/null || continue
        for _ in {1..100}; do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.05
        done
        kill -9 "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# start NAME READY COMMAND...: runs it in the background until its stdout has a line that begins with READY.
start() {
    local name=$1 ready=$2
    shift 2
    : >"$work/$name.out"
    "$@" >"$work/$name.out" 2>"$work/$name.log" &
    pids+=($!)
    for _ in {1..300}; do
        if grep -q "^$ready" "$work/$name.out"; then return; fi
        kill -0 "${pids[-1]}" 2>/dev/null || break
        sleep 0.05
    done
    echo "$name did not start:" >&2
    cat "$work/$name.out" "$work/$name.log" >&2
    exit 1
}

# value_of NAME KEY: `KEY=value` of the ready line.
value_of() { sed -n "s/.*\\b$2=\\([^ ]*\\).*/\\1/p" "$work/$1.out" | head -n 1; }

sha() { sha256sum "$@" | cut -c 1-64; }

verdict() { # NAME EXPECTED ACTUAL
    if [[ $2 == "$3" ]]; then
        printf '     %-52s ok   %s\n' "$1" "${2:0:16}"
    else
        printf '     %-52s DIFFERS\n       expected %s\n       got      %s\n' "$1" "$2" "$3"
        failures=$((failures + 1))
    fi
}

# call OUTPUT CURL-ARGUMENTS...: one request through the tunnel, one line about it.
call() {
    local output=$1 method=GET line
    shift
    if [[ $* == *--data-binary* || $* == *--upload-file* ]]; then method=POST; fi
    line=$(curl -sS --noproxy '*' --max-time 120 -o "$output" -w '%{http_code} %{time_total} %{url_effective}' "$@") || {
        echo "     curl failed: $line"
        failures=$((failures + 1))
        return
    }
    local status seconds url
    read -r status seconds url <<<"$line"
    printf '     %-4s %-47s %s   %s s\n' "$method" "${url#"$public"}" "$status" "$seconds"
    if [[ $status != 200 ]]; then
        head -c 300 "$output"
        failures=$((failures + 1))
    fi
}

start app ready python3 "$here/sample_app.py" --port 0
app=$(value_of app http)
start server ready "$bin/tunnel-server" --http-addr 127.0.0.1:0 --tcp-addr 127.0.0.1:0
public=http://$(value_of server http)
start client connected "$bin/tunnel-client" --server-addr "$(value_of server tcp)" --local-port "${app##*:}"

echo
echo "  caller  ->  tunnel-server $public  =>  tunnel-client  ->  sample app http://$app"
echo

echo "  1  webhook: POST with all 256 byte values as its body"
for ((i = 0; i < 256; ++i)); do printf '%b' "\\x$(printf %02x "$i")"; done >"$work/webhook"
call "$work/answer" --data-binary "@$work/webhook" -H 'Content-Type: application/octet-stream' "$public/hook?source=demo"
verdict "the app got and returned the same bytes, sha256" "$(sha "$work/webhook")" "$(sha "$work/answer")"

echo "  2  GET with a query"
call "$work/answer" "$public/foo/bar?x=1&y=2"
verdict "path as the app saw it" "/foo/bar?x=1&y=2" \
    "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["path"])' <"$work/answer")"

size=$((64 * 1024 * 1024))
echo "  3  upload of 64 MiB"
python3 "$here/sample_app.py" --write-pattern $size >"$work/large"
expected=$(sha "$work/large")
call "$work/answer" -X POST --upload-file "$work/large" "$public/upload"
verdict "sha256 computed by the app" "$expected" \
    "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["sha256"])' <"$work/answer")"

echo "  4  download of 64 MiB"
call "$work/answer" "$public/download?bytes=$size"
verdict "sha256 of what arrived" "$expected" "$(sha "$work/answer")"

echo "  5  eight at a time, beside one that takes the app 2 s"
curl -sS --noproxy '*' --max-time 60 -o "$work/slow" "$public/slow?ms=2000" &
slow=$!
transfers=()
for i in {1..8}; do
    head -c $((i * 100000)) "$work/large" >"$work/part$i"
    curl -sS --noproxy '*' --max-time 60 -o "$work/back$i" --data-binary "@$work/part$i" "$public/hook/$i" &
    transfers+=($!)
done
for pid in "${transfers[@]}"; do wait "$pid" || true; done
still_waiting=no
if kill -0 $slow 2>/dev/null; then still_waiting=yes; fi
same=0
for i in {1..8}; do if cmp -s "$work/part$i" "$work/back$i"; then same=$((same + 1)); fi; done
verdict "bodies of 100 to 800 kB that came back the same" "8 of 8" "$same of 8"
verdict "all eight were done before the slow one" yes $still_waiting
wait $slow || failures=$((failures + 1))

echo
echo "  what tunnel-server logged:"
sleep 0.1
sed -n 's/^/     /; /info  [A-Z]* \//p' "$work/server.log" | cut -c 1-100 | head -n 4
echo "     ..."
echo

if ((failures > 0)); then
    echo "$failures of the checks failed." >&2
    tail -n 20 "$work"/*.log >&2
    exit 1
fi
echo "Every byte matched."

if [[ $stay == --stay ]]; then
    echo
    echo "The tunnel stays up. Try:  curl '$public/any/path?x=1'   or open  $public/"
    echo "Ctrl-C stops it."
    wait "${pids[@]}"
fi
