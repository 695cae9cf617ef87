#!/usr/bin/env bash
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# Exports the model whose programs the tests run:   export.sh PYTHON TORCH MODEL OUT.pt2 | OUT.pt
# What was exported before stays, unless exporter, model or torch have changed since. Exits with 77, for ctest's "skipped",
# where a package is missing that torch needs for that.
set -euo pipefail
python=$1 torch=$2 model=$3 out=$4
exporter=$(dirname "$0")/../../examples/export_encoder.py

[[ ! $out -nt $exporter || ! $out -nt $model/model.safetensors || ! $out -nt $torch/lib/libtorch_cpu.so ]] || exit 0
folder=$(dirname "$out") stand_ins=$out.stand_ins
rm -rf "$stand_ins"
mkdir -p "$stand_ins"

# On the CPU nothing of CUDA's is called, but a torch with CUDA does not load without its libraries. Where they are missing,
# empty ones do, if the linker looks for a function only when it is called.
for library in $(ldd "$torch"/lib/libtorch_{cuda,global_deps}.so 2>/dev/null | sed -n 's/^\t\(.*\) => not found/\1/p' | sort -u); do
  g++ -shared -o "$stand_ins/$library" -Wl,-soname,"$library" -x c++ /dev/null
done
export LD_LIBRARY_PATH=$stand_ins${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
lazily='import os, runpy, sys; sys.setdlopenflags(os.RTLD_LAZY); del sys.argv[0]; runpy.run_path(sys.argv[0], run_name="__main__")'

unfinished=$folder/unfinished.$(basename "$out")
status=0
"$python" -c "$lazily" "$exporter" "$model" "$unfinished" || status=$?
[[ $status != 3 ]] || { echo "skipped; cmake/install-dependencies.sh tests installs the packages that it needs"; exit 77; }
[[ $status == 0 ]] || exit $status
mv "$unfinished" "$out"
