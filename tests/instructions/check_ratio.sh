#!/usr/bin/env bash
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# check_ratio.sh PROGRAM PATH MOST: fails if a request on this path of the program executes more instructions than MOST
# percent of what it takes to post something to an io_context and back by hand. Counted by valgrind, so the answer does
# not depend on the machine or on what else it does.
set -euo pipefail
program=$1 path=$2 most=$3
command -v valgrind >/dev/null || { echo "skipped: there is no valgrind"; exit 77; }

instructions() {  # instructions PATH REQUESTS
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$1" "$2" 2>&1 | sed -n 's/.*Collected : //p'
}
per_request() {  # once everything has warmed up: what 12,800 requests more cost more
  echo $((($(instructions "$1" 19200) - $(instructions "$1" 6400)) / 12800))
}

cost=$(per_request "$path") by_hand=$(per_request post_round_trip)
echo "$path: $cost instructions per request, $((100 * cost / by_hand)) % of the $by_hand of two posts; $most % are allowed"
((100 * cost <= most * by_hand))
