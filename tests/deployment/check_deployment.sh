#!/usr/bin/env bash
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# check_deployment.sh EMBED_SERVER DEPLOYMENT TOOLS: are the files for systemd and containers in order? TOOLS is the folder
# of hadolint and check-jsonschema. What it has no tools for goes unchecked; the last line says what was checked.
set -euo pipefail
server=$1 folder=$2 tools=$3
checked=()

# The unit, with the server that was built in the place of the installed one.
unit=$(mktemp -d)/embed_server.service
trap 'rm -rf "$(dirname "$unit")"' EXIT
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
  "$tools/check-jsonschema" --builtin-schema vendor.compose-spec "$folder/compose.yaml"
  checked+=("Dockerfile" "compose.yaml")
fi
printf 'in order:'; printf ' %s,' "${checked[@]}"; echo
