# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# Comforts for working on carpool itself; never seen by a project that includes it.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# ccache, where there is one, told to recognise a file in another checkout and with a precompiled header, too.
find_program(CCACHE ccache)
mark_as_advanced(CCACHE)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

# What clang links with sanitizers is large: lld does it, where there is one.
find_program(LLD ld.lld)
mark_as_advanced(LLD)
if(LLD AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_link_options(-fuse-ld=lld)
endif()

# A file that includes libtorch takes up to 1 GB to compile: on a machine with many cores, memory is the limit.
cmake_host_system_information(RESULT memory_mb QUERY TOTAL_PHYSICAL_MEMORY)
math(EXPR compile_jobs "1 + ${memory_mb} / 1500")
set_property(GLOBAL APPEND PROPERTY JOB_POOLS compile=${compile_jobs})
set(CMAKE_JOB_POOL_COMPILE compile)

# What install-dependencies.sh found or fetched: BOOST_ROOT, TORCH_ROOT, CARPOOL_MINILM (a folder with real weights),
# CARPOOL_CLIENTS_PYTHON (a Python that has tests/clients/requirements.txt), CARPOOL_PERF_ANALYZER (a program) and
# CARPOOL_PROMETHEUS (a folder with prometheus and promtool).
# A value given on the command line or in the environment wins.
set(carpool_cache "$ENV{XDG_CACHE_HOME}")
if(NOT carpool_cache)
  set(carpool_cache "$ENV{HOME}/.cache")
endif()
include("${carpool_cache}/carpool/environment.cmake" OPTIONAL)
foreach(name BOOST_ROOT TORCH_ROOT CARPOOL_MINILM CARPOOL_CLIENTS_PYTHON CARPOOL_PERF_ANALYZER CARPOOL_PROMETHEUS)
  if(NOT ${name})
    set(${name} "$ENV{${name}}")
  endif()
  if(NOT ${name})
    set(${name} "${installed_${name}}")
  endif()
endforeach()
