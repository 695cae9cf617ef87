# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# find_package(carpool) defines carpool::carpool; find_package(carpool COMPONENTS bert) also carpool::bert, for which it
# looks for libtorch (TORCH_ROOT) and, unless CARPOOL_CUDA is OFF, for a CUDA toolkit.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
list(PREPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")
if(NOT TARGET Boost::headers)
  find_package(BoostHeaders 1.81 QUIET)
endif()
list(POP_FRONT CMAKE_MODULE_PATH)
if(NOT TARGET Boost::headers)
  set(carpool_FOUND FALSE)
  set(carpool_NOT_FOUND_MESSAGE "carpool needs Boost 1.81 or newer; BOOST_ROOT can name its folder")
  return()
endif()
include("${CMAKE_CURRENT_LIST_DIR}/carpoolTargets.cmake")

if("bert" IN_LIST carpool_FIND_COMPONENTS)
  if(NOT DEFINED CARPOOL_CUDA)
    set(CARPOOL_CUDA AUTO)
  endif()
  list(PREPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")
  include("${CMAKE_CURRENT_LIST_DIR}/CarpoolBert.cmake")
  list(POP_FRONT CMAKE_MODULE_PATH)
  if(TARGET carpool::bert)
    set(carpool_bert_FOUND TRUE)
  endif()
endif()

foreach(component IN LISTS carpool_FIND_COMPONENTS)
  if(carpool_FIND_REQUIRED_${component} AND NOT carpool_${component}_FOUND)
    set(carpool_FOUND FALSE)
    set(carpool_NOT_FOUND_MESSAGE "component ${component} is not available (bert, the only one, needs libtorch >= 2.6, in TORCH_ROOT or python3)")
  endif()
endforeach()
