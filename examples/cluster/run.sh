#!/usr/bin/env bash
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# A whole cluster on this machine, for a look:
#   examples/cluster/run.sh [--gateways 2] [--workers 3] [--port 8080] [-- option of the workers...]
# Starts redis-server, gateways on the ports from --port on, and workers, in a folder of their own with a log for each;
# Ctrl-C ends all of them. Builds what is missing (minutes the first time). `BUILD=FOLDER` names a finished build instead.
set -euo pipefail
root=$(realpath "$(dirname "$0")/../..")
gateways=2 workers=3 port=8080 build=${BUILD:-}

say() { echo "carpool: $*"; }
while (($#)); do
  case $1 in
    --gateways | --workers | --port) [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || { say "$1 needs a number, at least 1" >&2; exit 2; }
      declare "${1#--}=$2"; shift 2 ;;
    --) shift; break ;;
    *) sed -n 's/^#   //p' "$0" >&2; exit 2 ;;
  esac
done
command -v redis-server >/dev/null || { say "redis-server is missing; on Debian: apt-get install redis-server" >&2; exit 1; }
command -v redis-cli >/dev/null || { say "redis-cli is missing; on Debian: apt-get install redis-tools" >&2; exit 1; }

if [[ -z $build ]]; then
  "$root/cmake/install-dependencies.sh" examples
  say "building gateway and worker (minutes the first time)"
  build=$root/build/serve
  (cd "$root" && cmake --preset serve --log-level=STATUS | { grep '^-- carpool:' || true; } &&
   cmake --build "$build" --target carpool-gateway carpool-worker)
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/carpool-cluster-XXXXXX")
socket=$folder/redis.socket
programs=() names=()
end() {  # gateways first, so that workers answer what they have let in, and Redis last
  trap - EXIT
  trap '' INT TERM HUP PIPE
  set +e  # who closes the terminal takes away what is said to it, and nothing else
  say "ending everything"
  end_all gateway
  end_all worker
  end_all redis
  say "the logs are in $folder"
}
end_all() {  # end_all KIND
  local i kill_or_wait
  for kill_or_wait in 'kill -TERM' wait; do
    for i in "${!programs[@]}"; do
      [[ ${names[i]} != "$1"* ]] || $kill_or_wait "${programs[i]}" 2>/dev/null || true
    done
  done
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# Each in a process group of its own, so that Ctrl-C reaches only this script.
start() {  # start NAME COMMAND...
  setsid "${@:2}" >"$folder/$1.log" 2>&1 &
  programs+=($!) names+=("$1")
}

start redis redis-server --port 0 --unixsocket "$socket" --dir "$folder" --appendonly yes --save '' \
  --maxmemory 1gb --maxmemory-policy noeviction
until redis-cli -s "$socket" ping >/dev/null 2>&1; do
  kill -0 "${programs[0]}" 2>/dev/null || { cat "$folder/redis.log" >&2; exit 1; }
  sleep 0.1
done
for ((i = 1; i <= gateways; ++i)); do
  start "gateway$i" "$build/examples/cluster/carpool-gateway" --redis "unix:$socket" --port $((port + i - 1))
done
[[ " $*" == *" --threads"[\ =]* ]] || set -- --threads 1 "$@"  # several share this machine's cores
for ((i = 1; i <= workers; ++i)); do
  start "worker$i" "$build/examples/cluster/carpool-worker" --redis "unix:$socket" "$@"
done

say "logs: $folder; Redis: redis-cli -s $socket"
for ((i = 1; i <= gateways; ++i)); do
  until grep -q '^listening on ' "$folder/gateway$i.log"; do
    for program in "${programs[@]}"; do
      kill -0 "$program" 2>/dev/null || { say "a program has ended:"; tail -n 2 "$folder"/*.log; exit 1; } >&2
    done
    sleep 0.2
  done
  grep '^listening on ' "$folder/gateway$i.log"
done
say "try: curl -s http://127.0.0.1:$port/embed -H 'Content-Type: application/json' -d '{\"inputs\": \"share the ride\"}'"
say "Ctrl-C ends all of it"
# Kill a worker and see: the others do its work.
while wait -n -p ended || [[ -n ${ended:-} ]]; do
  others=0
  for i in "${!programs[@]}"; do
    if [[ ${programs[i]} == "$ended" ]]; then
      say "${names[i]} has ended:"
      tail -n 2 "$folder/${names[i]}.log"
      ((i > 0)) || exit 1  # Redis
    elif ((i > 0)) && kill -0 "${programs[i]}" 2>/dev/null; then
      others=1
    fi
  done
  ((others)) || exit 1
done
