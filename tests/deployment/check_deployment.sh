#!/usr/bin/env bash
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# check_deployment.sh EMBED_SERVER EXAMPLES TOOLS PROMETHEUS: are the files for systemd, containers and Kubernetes in order?
# TOOLS is the folder of hadolint and check-jsonschema, PROMETHEUS that of promtool. What it has no tools for goes unchecked;
# the last line says what was checked.
set -euo pipefail
server=$1 folder=$2/embed_server/deployment cluster=$2/cluster/deployment tools=$3 prometheus=$4
checked=()

# The unit, with the server that was built in the place of the installed one.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unit=$scratch/embed_server.service
sed "s|/opt/carpool/bin/embed_server|$server|" "$folder/embed_server.service" >"$unit"
if command -v systemd-analyze >/dev/null; then
  complaints=$(systemd-analyze verify --man=no --recursive-errors=no "$unit" 2>&1) || { echo "$complaints"; exit 1; }
  [[ -z $complaints ]] || { echo "$complaints"; exit 1; }
  checked+=("the unit")
fi

# It starts with the unit's options (on a free port), is well, and ends as systemd is told.
read -ra command <<<"$(sed -n 's/^ExecStart=//p' "$unit")"
[[ " ${command[*]} " == *" --port 8080 "* ]]
coproc running { exec "${command[@]/8080/0}" 2>/dev/null; }
pid=$running_PID
while read -r line <&"${running[0]}"; do
  [[ $line != "listening on "* ]] || break
done
curl -fsS -o /dev/null "${line#listening on }/health"
kill -"$(sed -n 's/^KillSignal=//p' "$unit")" "$pid"
wait "$pid"
checked+=("what it starts")

if [[ -x $tools/hadolint && -x $tools/check-jsonschema ]]; then
  "$tools/hadolint" "$folder/Dockerfile"
  "$tools/check-jsonschema" --builtin-schema vendor.compose-spec "$folder/compose.yaml" "$cluster/compose.yaml"
  "$tools/check-jsonschema" --schemafile "$(dirname "$0")/scaled_object.schema.json" "$cluster/scaled_object.yaml"
  checked+=("Dockerfile" "compose.yaml" "compose.yaml of the cluster" "scaled_object.yaml")
fi
if [[ -x $prometheus/promtool ]]; then
  cp "$cluster/prometheus.yml" "$folder/../monitoring/alerts.yml" "$scratch"
  "$prometheus/promtool" check config "$scratch/prometheus.yml" >/dev/null
  checked+=("prometheus.yml of the cluster")
fi

# What autoscalers ask for is what gateways tell.
metrics=$(grep -o 'carpool_cluster_[a-z_]*' "$cluster/scaled_object.yaml") || { echo "scaled_object.yaml asks for no metric of the queue"; exit 1; }
for metric in $metrics; do
  grep -q "\"$metric\"" "$cluster/../shard_reading.cpp" || { echo "scaled_object.yaml asks for $metric, which nobody tells"; exit 1; }
done
printf 'in order:'; printf ' %s,' "${checked[@]}"; echo
