# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# Finds the headers of Boost, also those of a release that was unpacked and never built, which has no CMake files. (CMake's own
# FindBoost, which did that, is gone since 3.30.)
#
# Looks in BOOST_ROOT (CMake variable, then environment variable) and nowhere else; if there is none, where CMake looks for
# everything. Sets BoostHeaders_FOUND, BoostHeaders_VERSION and defines Boost::headers.

set(boost_root "${BOOST_ROOT}")
if(NOT boost_root)
  set(boost_root "$ENV{BOOST_ROOT}")
endif()
set(boost_places "")
if(boost_root)
  set(boost_places PATHS "${boost_root}" NO_DEFAULT_PATH)
  cmake_path(IS_PREFIX boost_root "${Boost_DIR}" same_boost)
  if(NOT same_boost)  # an earlier run has found another one
    unset(Boost_DIR CACHE)
  endif()
endif()

cmake_policy(PUSH)
if(POLICY CMP0144)
  cmake_policy(SET CMP0144 NEW)  # or newer CMake warns that it used not to look at BOOST_ROOT
endif()
find_package(Boost ${BoostHeaders_FIND_VERSION} CONFIG QUIET ${boost_places})
cmake_policy(POP)
if(Boost_FOUND)
  set(BoostHeaders_INCLUDE_DIR "${Boost_INCLUDE_DIRS}")
else()
  find_path(BoostHeaders_INCLUDE_DIR boost/version.hpp ${boost_places} PATH_SUFFIXES include NO_CACHE)
endif()
if(EXISTS "${BoostHeaders_INCLUDE_DIR}/boost/version.hpp")
  file(STRINGS "${BoostHeaders_INCLUDE_DIR}/boost/version.hpp" BoostHeaders_VERSION REGEX "define BOOST_LIB_VERSION")
  string(REGEX REPLACE ".*\"([0-9]+)_([0-9]+).*" "\\1.\\2" BoostHeaders_VERSION "${BoostHeaders_VERSION}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(BoostHeaders REQUIRED_VARS BoostHeaders_INCLUDE_DIR VERSION_VAR BoostHeaders_VERSION
  REASON_FAILURE_MESSAGE "BOOST_ROOT can name the folder of a Boost")
if(BoostHeaders_FOUND AND NOT TARGET Boost::headers)
  add_library(Boost::headers INTERFACE IMPORTED)
  set_target_properties(Boost::headers PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${BoostHeaders_INCLUDE_DIR}")
endif()
