#!/usr/bin/env bash
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# fetch_perf_analyzer.sh PYTHON FOLDER: fetches NVIDIA's perf_analyzer from PyPI, to be started as FOLDER/start. It needs
# glibc 2.38: on Debian 12 it runs with the libraries of Debian 13, which are unpacked in FOLDER and installed nowhere.
set -euo pipefail
python=$1 folder=$2 version=2.60.0
work=$folder.new program=perf_analyzer/bin/perf_analyzer
rm -rf "$work"
mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial"

"$python" -m pip download -q --disable-pip-version-check --retries 1 --no-deps --only-binary :all: --platform manylinux_2_38_x86_64 \
  --dest "$work" "perf-analyzer==$version"
"$python" -m zipfile -e "$work"/*.whl "$work"
chmod +x "$work/$program"
# shellcheck disable=SC2016 # the folder is found when it is started
start='exec "$(dirname "$0")/'$program'" "$@"'

if ! "$work/$program" --version >"$work/complaint" 2>&1; then
  grep -qx VERSION_CODENAME=bookworm /etc/os-release || { cat "$work/complaint" >&2; exit 1; }
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | sed -n 1p)
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$work/apt/sources.list"
  apt=(apt-get -q -o "Dir::Etc::SourceList=$work/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$work/apt/lists" -o "Dir::Cache=$work/apt" -o APT::Sandbox::User=root)
  "${apt[@]}" update
  (cd "$work" && "${apt[@]}" download libc6 libgcc-s1 libssl3t64 libstdc++6 libzstd1 zlib1g)
  for package in "$work"/*.deb; do dpkg -x "$package" "$work/debian"; done
  libraries=debian/usr/lib/x86_64-linux-gnu
  start='here=$(dirname "$0"); exec "$here/'$libraries'/ld-linux-x86-64.so.2" --library-path "$here/'$libraries'" "$here/'$program'" "$@"'
fi
printf '#!/bin/sh\n%s\n' "$start" >"$work/start"
chmod +x "$work/start"
"$work/start" --version
rm -rf "$work/apt" "$work"/*.deb "$work"/*.whl "$folder"
mv "$work" "$folder"
