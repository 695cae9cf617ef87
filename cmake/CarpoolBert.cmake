# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# Defines carpool::bert: carpool and libtorch >= 2.6, on the CPU and, where a CUDA toolkit fits that libtorch, on CUDA.
# Used by carpool's own build and by the installed package alike. CARPOOL_TORCH and CARPOOL_CUDA say what is wanted.
#
# Of the toolkit only headers and libraries are needed. Where there is nvcc as well, four kernels of our own (cuda_kernels.cu)
# take the place of several of libtorch's, and CARPOOL_BERT_KERNELS is defined. What is for CUDA alone is between #ifdef
# CARPOOL_BERT_CUDA, or in a header named cuda_*.

set(quiet QUIET)
if(CARPOOL_TORCH STREQUAL "ON")
  set(quiet REQUIRED)
endif()
find_package(Libtorch 2.6 ${quiet})
if(NOT Libtorch_FOUND)
  if(NOT Libtorch_NOT_FOUND_MESSAGE)
    set(Libtorch_NOT_FOUND_MESSAGE "no libtorch >= 2.6 found (TORCH_ROOT names its folder)")
  endif()
  message(STATUS "carpool: ${Libtorch_NOT_FOUND_MESSAGE}; carpool::bert is left out")
  return()
endif()
if(TARGET carpool_bert)
  return()
endif()

add_library(carpool_bert INTERFACE)
add_library(carpool::bert ALIAS carpool_bert)
target_link_libraries(carpool_bert INTERFACE carpool::carpool ${CMAKE_DL_LIBS})

set(carpool_bert_cuda OFF)
if(CARPOOL_CUDA AND TARGET Libtorch::cuda)
  set(carpool_bert_cuda ON)
  message(STATUS "carpool: carpool::bert on libtorch ${Libtorch_VERSION} for CPU and CUDA ${CUDAToolkit_VERSION}")
  target_link_libraries(carpool_bert INTERFACE Libtorch::cuda)
  target_compile_definitions(carpool_bert INTERFACE CARPOOL_BERT_CUDA=1)
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
      set(CMAKE_CUDA_ARCHITECTURES 80-real 90)  # and what is newer, by its PTX
    endif()
    enable_language(CUDA)
    get_target_property(header_folder carpool::carpool HEADER_DIRS)
    find_path(carpool_kernels carpool/bert/cuda_kernels.cu PATHS "${header_folder}" NO_DEFAULT_PATH REQUIRED NO_CACHE)
    add_library(carpool_bert_kernels STATIC "${carpool_kernels}/carpool/bert/cuda_kernels.cu")
    set_target_properties(carpool_bert_kernels PROPERTIES CUDA_STANDARD 17 CUDA_STANDARD_REQUIRED ON
      POSITION_INDEPENDENT_CODE ON)
    target_link_libraries(carpool_bert INTERFACE carpool_bert_kernels)
    target_compile_definitions(carpool_bert INTERFACE CARPOOL_BERT_KERNELS=1)
  else()
    message(STATUS "carpool: no nvcc found: libtorch's kernels take the place of carpool's own")
  endif()
elseif(CARPOOL_CUDA STREQUAL "ON")
  message(FATAL_ERROR "carpool: CARPOOL_CUDA is ON, but no CUDA toolkit was found that libtorch ${Libtorch_VERSION} "
                      "in ${Libtorch_ROOT_DIR} can be linked with")
else()
  if(NOT CARPOOL_CUDA)
    set(reason "CARPOOL_CUDA is OFF")
  elseif(CUDAToolkit_FOUND)
    set(reason "its CUDA part is missing or does not fit the toolkit ${CUDAToolkit_VERSION} found: ${Libtorch_CUDA_PROBLEM}")
  else()
    set(reason "no CUDA toolkit found")
  endif()
  message(STATUS "carpool: carpool::bert on libtorch ${Libtorch_VERSION} for the CPU only: ${reason}")
  target_link_libraries(carpool_bert INTERFACE Libtorch::cpu)
endif()
