#!/usr/bin/env bash
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# embed_server beside other servers that PyPI has, on this machine:   benchmarks/peers/run.sh [--only WORDS] [--rounds N] ...
# Needs the release build, two cores, and about 5 GB for the Python environments of the others, which it makes once in
# ~/.cache/carpool/peers ($XDG_CACHE_HOME if set). --help tells the options; measure.py what is measured and how.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../build/release
cache=${XDG_CACHE_HOME:-$HOME/.cache}/carpool
environments=$cache/peers

[[ -x $build/benchmarks/bench_load && -x $build/benchmarks/bench_encoder && -x $build/examples/embed_server/embed_server ]] || {
  echo "peers: build first: cmake --preset release && cmake --build --preset release --target embed_server bench_load bench_encoder" >&2
  exit 1
}
python=$cache/python/bin/python3
[[ -x $python ]] || { echo "peers: cmake/install-dependencies.sh makes the Python environment with torch that is missing here" >&2; exit 1; }

# The system's Python where it is of the same version, since Triton brings a library of Python along that must not be older than
# the modules that it is used with.
base=/usr/bin/python3
version='import sys; print(*sys.version_info[:2])'
[[ $("$base" -c "$version; import ensurepip" 2>/dev/null) == $("$python" -c "$version") ]] || base=$python

for requirements in "$here"/requirements/*.txt; do
  environment=$environments/$(basename "$requirements" .txt)
  cmp -s "$requirements" "$environment/requirements.txt" && continue
  echo "peers: fetching from PyPI what $(basename "$requirements") names, into $environment" >&2
  rm -rf "$environment"
  "$base" -m venv "$environment"
  # torch is there already, and large.
  "$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' >"$("$environment/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/carpool.pth"
  "$environment/bin/python" -m pip install -q --disable-pip-version-check -r "$requirements"
  cp "$requirements" "$environment/requirements.txt"
done

model=$(sed -n 's/^set(installed_CARPOOL_MINILM "\(.*\)")$/\1/p' "$cache/environment.cmake")
exec "$python" "$here/measure.py" --environments "$environments" --model "$model" \
  --embed-server "$build/examples/embed_server/embed_server" \
  --bench-load "$build/benchmarks/bench_load" --bench-encoder "$build/benchmarks/bench_encoder" "$@"
