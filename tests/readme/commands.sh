#!/usr/bin/env bash
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# Starts the server and sends it every curl command of README.md:   commands.sh SERVER README MODEL...
set -euo pipefail
server=$1 readme=$2
models=()
for model in "${@:3}"; do models+=(--model "$model"); done

log=$(mktemp)
exec 3< <(exec "$server" --port 0 "${models[@]}" 2>"$log")
pid=$!
trap 'kill "$pid" 2>/dev/null || true; rm -f "$log"' EXIT

address=
while read -r line <&3; do
  [[ $line != "listening on "* ]] || { address=${line#listening on }; break; }
done
[[ -n $address ]] || { echo "the server ended:"; cat "$log"; exit 1; }

commands=0
while read -r command; do
  echo "$command"
  answer=$(bash -c "${command//http:\/\/127.0.0.1:8080/$address} --fail-with-body --max-time 20") || { echo "$answer"; exit 1; }
  [[ -n $answer ]] || { echo "no answer"; exit 1; }
  echo "${answer:0:200}"
  commands=$((commands + 1))
done < <(grep '^curl ' "$readme")
((commands > 0)) || { echo "$readme shows no curl command"; exit 1; }
