#!/usr/bin/env bash
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# Installs what is missing, builds and runs every test:   tests/run.sh [tree...] [option of ctest...]
# The trees are the four below; `tests/run.sh release -R unit_core` is a quick subset. The last line says
# "N passed, N failed"; the exit status is 0 only if something passed and nothing failed.
set -uo pipefail
cd "$(dirname "$0")/.."

declare -A about=(
  [release]="everything, optimised, with g++, but for tests that are in the other trees, too; consumer projects"
  [asan]="AddressSanitizer, UndefinedBehaviorSanitizer and LeakSanitizer on all but whole servers, with clang; each header by itself"
  [tsan]="ThreadSanitizer on what has threads in the core and the server without its model, with clang"
  [oldest-boost]="the core with Boost 1.81, the oldest that it supports")
trees=()
while [[ -n ${1:-} && -n ${about[$1]:-} ]]; do trees+=("$1"); shift; done
[[ ${1:--} == -* ]] || { echo "run.sh: there is no tree \"$1\"; there are ${!about[*]}, and behind them options of ctest" >&2; exit 2; }
((${#trees[@]})) || trees=(release asan tsan oldest-boost)
passed=0 failed=0 skipped=0 failures=()

step() { printf '\n=== [%d:%02d] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*"; }
fails() { failures+=("$1"); failed=$((failed + 1)); }

finish() {
  step "summary"
  ((${#failures[@]} == 0)) || printf 'failed: %s\n' "${failures[@]}"
  echo "$passed passed, $failed failed$( ((skipped == 0)) || echo ", $skipped skipped")"
  exit $((failed > 0 || passed == 0))
}

build() {  # build TREE
  # What the other trees test as well is left to them where all are built.
  local only_optimised=OFF
  if [[ $1 == release ]] && ((${#trees[@]} == 4)); then only_optimised=ON; fi
  # In CI a warning is an error; elsewhere a newer compiler may warn of more.
  cmake --preset "$1" -DCMAKE_COMPILE_WARNING_AS_ERROR="${CI:+ON}" -DCARPOOL_ONLY_OPTIMISED_TESTS=$only_optimised &&
    cmake --build --preset "$1"
}

run_tests() {  # run_tests TREE [option of ctest...]
  local log=build/$1/ctest.log summary bad left_out name
  ctest --preset "$1" -j $(($(nproc) + 2)) "${@:2}" | tee "$log"  # two more, because some only wait
  summary=$(sed -n 's/^[0-9]*% tests passed, \([0-9]*\) tests* failed out of \([0-9]*\)$/\1 \2/p' "$log")
  [[ -n $summary ]] || { ((${#@} > 1)) || fails "$1: no tests were found"; return; }
  left_out=$(grep -c '(Skipped)$' "$log")
  failed=$((failed + ${summary% *})) skipped=$((skipped + left_out))
  passed=$((passed + ${summary#* } - ${summary% *} - left_out))
  while read -r name; do failures+=("$1: $name"); done < <(sed -n '/^The following tests FAILED/,$s/^\t *[0-9]* - //p' "$log")
}

step "dependencies"
cmake/install-dependencies.sh tests || { fails "dependencies"; finish; }

for tree in "${trees[@]}"; do
  step "$tree: ${about[$tree]}"
  if [[ $tree == oldest-boost ]] && ! grep -q '"1_81"' /usr/include/boost/version.hpp 2>/dev/null; then
    echo "skipped: this system has no Boost 1.81 in /usr/include (Debian 12 does: libboost1.81-dev)"
    skipped=$((skipped + 1))
  elif build "$tree"; then
    step "$tree: tests"
    run_tests "$tree" "$@"
  else
    fails "$tree: build"
  fi
done
finish
