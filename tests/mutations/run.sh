#!/usr/bin/env bash
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# Does the simulator notice a bug?   tests/mutations/run.sh PATCH FOLDER COMPILER [flag...]
# Applies the patch to a copy of the headers in FOLDER, builds the simulation with it there and runs it. Passes if the
# simulation fails, or does not come to an end; fails if it does not notice. CARPOOL_TEST_MAIN is the library with the
# test runner.
set -euo pipefail
patch=$(realpath "$1") work=$2; shift 2
root=$(realpath "$(dirname "$0")/../..")
rm -rf "$work"
mkdir -p "$work"
work=$(realpath "$work")  # always the same, so that ccache knows it again
trap 'rm -rf "$work"' EXIT

cp -r "$root/include" "$work/include"
GIT_CEILING_DIRECTORIES=$(dirname "$work") git -C "$work" apply "$patch" ||
  { echo "$patch does not fit the headers any more"; exit 1; }
# What the library was built from is not the patched code, so virtual_world.cpp is compiled anew.
"$@" -I"$work/include" -I"$root/tests" -include "$root/tests/support/virtual_world.cpp" \
    -c "$root/tests/simulation/simulation.cpp" -o "$work/simulation.o" ||
  { echo "what the patch makes of the headers does not compile"; exit 1; }
"$@" "$work/simulation.o" "${CARPOOL_TEST_MAIN:?}" -o "$work/simulation" -pthread
# All seeds take half of that time; it is that of the processor, so a busy machine does not pass for a bug.
if (ulimit -t 60; CARPOOL_SIMULATION_SEEDS=10000 exec "$work/simulation" --abort-after=1) >"$work/log" 2>&1; then
  echo "nobody noticed: $(sed -n 1p "$patch")"
  exit 1
fi
grep -m1 'CARPOOL_SIMULATION_SEED=' "$work/log" || echo "it crashed or did not end"
