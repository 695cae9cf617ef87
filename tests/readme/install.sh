#!/usr/bin/env bash
# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# Installs carpool by the commands of README.md, into a folder that stands for the root:
#   install.sh CHECKOUT SCRATCH COMPILER BOOST_ROOT
set -euo pipefail
checkout=$1 scratch=$2

commands=$(grep -E '^cmake (-B|--install) ' "$checkout/README.md")
[[ $(wc -l <<<"$commands") == 2 ]] || { printf 'README.md installs carpool by other commands:\n%s\n' "$commands"; exit 1; }
rm -rf "$scratch"
mkdir -p "$scratch/carpool"
cp -r "$checkout"/{CMakeLists.txt,cmake,include} "$scratch/carpool"
cd "$scratch/carpool"
export DESTDIR="$scratch/root" CXX=$3 BOOST_ROOT=$4
set -x
eval "$commands"
[[ -f $DESTDIR/usr/local/include/carpool/carpool.hpp && -f $DESTDIR/usr/local/share/cmake/carpool/carpoolConfig.cmake ]]
