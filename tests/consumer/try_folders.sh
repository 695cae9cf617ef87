#!/usr/bin/env bash
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# Installs carpool from a checkout in a folder of an unlucky name into folders that a packager has chosen, and compiles with
# what pkg-config says:   try_folders.sh CHECKOUT SCRATCH COMPILER BOOST_ROOT
set -euo pipefail
checkout=$1 scratch=$2 compiler=$3 boost=$4

rm -rf "$scratch"
source="$scratch/my carpool/bert/carpool" build="$scratch/build"
mkdir -p "$source"
cp -r "$checkout"/{CMakeLists.txt,cmake,include} "$source"

compile() {  # compile FOLDER-OF-carpool.pc
  local flags
  flags=$(PKG_CONFIG_PATH=$1 pkg-config --cflags carpool)
  eval "\"$compiler\" -std=c++20 -fsyntax-only -x c++ $flags ${boost:+-isystem \"$boost/include\"} -" <<<'#include <carpool/version.hpp>'
}

install_into() {  # install_into PREFIX INCLUDEDIR DATADIR
  cmake -S "$source" -B "$build" -DCARPOOL_BUILD_{TESTS,EXAMPLES,BENCHMARKS}=OFF -DCARPOOL_TORCH=OFF "-DCMAKE_CXX_COMPILER=$compiler" \
    "-DBOOST_ROOT=$boost" "-DCMAKE_INSTALL_PREFIX=$1" "-DCMAKE_INSTALL_INCLUDEDIR=$2" "-DCMAKE_INSTALL_DATADIR=$3" >"$scratch/log"
  cmake --install "$build" >>"$scratch/log"
}

echo "folders below the prefix, which is moved afterwards"
install_into "$scratch/one" include/versioned share/of/carpool
mv "$scratch/one" "$scratch/moved"
compile "$scratch/moved/share/of/carpool/pkgconfig"

echo "a folder of headers somewhere else"
install_into "$scratch/two" "$scratch/headers" share
compile "$scratch/two/share/pkgconfig"

echo "all folders somewhere else"
install_into "$scratch/three" "$scratch/other headers" "$scratch/data"
compile "$scratch/data/pkgconfig"
