# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
#
# Finds libtorch, in the Python package `torch` or unpacked from its zip file. (Its own package config asks for nvcc
# even when only the CPU is wanted, and sets CUDA flags for the whole build.)
#
# Looks in TORCH_ROOT (CMake variable, then environment variable: a folder with include/ and lib/), then where python3
# would import torch from. Sets Libtorch_FOUND, Libtorch_VERSION, Libtorch_ROOT_DIR and defines
#   Libtorch::cpu    tensors and operators on the CPU
#   Libtorch::cuda   the same and CUDA, where this libtorch and a CUDA toolkit that fits are both there

set(Libtorch_ROOT_DIR "${TORCH_ROOT}")
if(NOT Libtorch_ROOT_DIR)
  set(Libtorch_ROOT_DIR "$ENV{TORCH_ROOT}")
endif()
if(NOT Libtorch_ROOT_DIR)
  execute_process(COMMAND python3 -c "import importlib.util as u; print(u.find_spec('torch').submodule_search_locations[0])"
    OUTPUT_VARIABLE Libtorch_ROOT_DIR OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()

# The header has moved once: since 2.9 it is under headeronly/.
foreach(header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
  if(EXISTS "${Libtorch_ROOT_DIR}/include/${header}" AND NOT Libtorch_VERSION)
    file(STRINGS "${Libtorch_ROOT_DIR}/include/${header}" lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) [0-9]+")
    string(REGEX REPLACE "[^0-9;]" "" lines "${lines}")
    list(JOIN lines "." Libtorch_VERSION)
  endif()
endforeach()
set(Libtorch_LIBRARY "Libtorch_LIBRARY-NOTFOUND")
if(EXISTS "${Libtorch_ROOT_DIR}/lib/libtorch_cpu.so")
  set(Libtorch_LIBRARY "${Libtorch_ROOT_DIR}/lib/libtorch_cpu.so")
endif()

# Builds with the old std::string (most of 2.6) cannot be linked with anything else here. (A semicolon would divide the message.)
if(EXISTS "${Libtorch_ROOT_DIR}/share/cmake/Torch/TorchConfig.cmake")
  file(STRINGS "${Libtorch_ROOT_DIR}/share/cmake/Torch/TorchConfig.cmake" old_abi REGEX "_GLIBCXX_USE_CXX11_ABI=0")
  if(old_abi)
    set(Libtorch_LIBRARY "Libtorch_LIBRARY-NOTFOUND")
    set(Libtorch_NOT_FOUND_MESSAGE "the libtorch in ${Libtorch_ROOT_DIR} was built with the old C++ ABI: install 2.7 or newer")
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Libtorch REQUIRED_VARS Libtorch_LIBRARY VERSION_VAR Libtorch_VERSION
  REASON_FAILURE_MESSAGE "${Libtorch_NOT_FOUND_MESSAGE}")

if(Libtorch_FOUND AND NOT TARGET Libtorch::cpu)
  foreach(name c10 torch_cpu c10_cuda torch_cuda)
    if(EXISTS "${Libtorch_ROOT_DIR}/lib/lib${name}.so")
      add_library(Libtorch::${name} SHARED IMPORTED GLOBAL)
      set_target_properties(Libtorch::${name} PROPERTIES
        IMPORTED_LOCATION "${Libtorch_ROOT_DIR}/lib/lib${name}.so"
        INTERFACE_INCLUDE_DIRECTORIES "${Libtorch_ROOT_DIR}/include")
    endif()
  endforeach()
  add_library(Libtorch::cpu INTERFACE IMPORTED GLOBAL)
  target_link_libraries(Libtorch::cpu INTERFACE Libtorch::torch_cpu Libtorch::c10)

  # FindCUDAToolkit of CMake 3.25.1 fails where CMake >= 3.25 is asked for and the toolkit has no nvToolsExt, as since 13.
  set(Libtorch_minimum "${CMAKE_MINIMUM_REQUIRED_VERSION}")
  set(CMAKE_MINIMUM_REQUIRED_VERSION 3.24)
  find_package(CUDAToolkit QUIET)
  set(CMAKE_MINIMUM_REQUIRED_VERSION "${Libtorch_minimum}")
  if(TARGET Libtorch::torch_cuda AND TARGET CUDA::cudart)
    # libtorch_cuda registers its operators when it is loaded; nothing refers to it, so --as-needed would drop it. It needs
    # libraries of the toolkit, which need not be where the system looks: only an old-style rpath counts for those, too.
    set(cuda_libraries -Wl,--disable-new-dtags -Wl,-rpath,${CUDAToolkit_LIBRARY_DIR}
      -Wl,--no-as-needed Libtorch::torch_cuda Libtorch::c10_cuda -Wl,--as-needed Libtorch::cpu CUDA::cudart)
    # Toolkit and libtorch must be of one CUDA version, and the libraries that libtorch_cuda needs must be there: try.
    if(NOT DEFINED Libtorch_CUDA_RUNS)
      file(WRITE "${CMAKE_BINARY_DIR}/CMakeFiles/libtorch_cuda.cpp"
        "#include <c10/cuda/CUDAFunctions.h>\nint main() { return c10::cuda::device_count() == -1; }\n")
      try_run(Libtorch_CUDA_RUNS Libtorch_CUDA_LINKS "${CMAKE_BINARY_DIR}/CMakeFiles/libtorch_cuda"
        "${CMAKE_BINARY_DIR}/CMakeFiles/libtorch_cuda.cpp"
        LINK_LIBRARIES ${cuda_libraries} CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON RUN_OUTPUT_VARIABLE output)
      if(NOT Libtorch_CUDA_LINKS)
        set(output "the linker refuses it")
      endif()
      string(STRIP "${output}" output)
      set(Libtorch_CUDA_PROBLEM "${output}" CACHE INTERNAL "Why libtorch_cuda cannot be used")
    endif()
    if(Libtorch_CUDA_LINKS AND Libtorch_CUDA_RUNS EQUAL 0)
      add_library(Libtorch::cuda INTERFACE IMPORTED GLOBAL)
      target_link_libraries(Libtorch::cuda INTERFACE ${cuda_libraries})
    endif()
  endif()
endif()
