#!/usr/bin/env bash
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# Does examples/cluster/run.sh start a cluster that answers real clients, outlives a worker, and ends?   try_run.sh BUILD PYTHON
# Without the clients (tests/clients/requirements.txt) in PYTHON only curl asks.
set -euo pipefail
root=$(realpath "$(dirname "$0")/../..")
port=$((20000 + RANDOM % 10000))
folder=$(mktemp -d)
: >"$folder/log"
BUILD=$1 TMPDIR=$folder "$root/examples/cluster/run.sh" --gateways 2 --workers 3 --port "$port" > >(exec cat >"$folder/log") 2>&1 &
cluster=$!
trap 'kill -TERM $cluster 2>/dev/null && wait $cluster; rm -rf "$folder"' EXIT

until_says() {  # until_says WORDS: waits until the log has them; ctest has a time limit
  until grep -q "$1" "$folder/log"; do
    kill -0 $cluster 2>/dev/null || { cat "$folder/log"; exit 1; }
    sleep 0.1
  done
}
ask() {  # ask PORT
  curl -sSf "http://127.0.0.1:$1/embed" -H 'Content-Type: application/json' -d '{"inputs": "share the ride"}'
}

until_says 'Ctrl-C ends all of it'
first=$(ask "$port")
[[ $first == '[['*']]' ]]
addresses=("http://127.0.0.1:$port" "http://127.0.0.1:$((port + 1))")
if [[ -n $2 ]]; then "$2" "$root/tests/clients/try_clients.py" --at "$root/tests/goldens" "${addresses[@]}" || (($? == 77)); fi
kill -KILL "$(pgrep -f "carpool-worker --redis unix:$folder/" | head -1)"
until_says 'worker[123] has ended'
for gateway in "$port" $((port + 1)); do [[ $(ask "$gateway") == "$first" ]]; done
kill "$(pgrep -f "^cat$" -P $cluster)"
kill -TERM $cluster
wait $cluster || (($? == 143))
! pgrep -f "$folder/" >/dev/null
