// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Not part of carpool/bert/bert.hpp, because libtorch's headers for TorchScript take long to compile.
#pragma once

#include <carpool/bert/aoti_program.hpp>
#include <carpool/bert/error.hpp>
#include <carpool/bert/program.hpp>
#include <carpool/bert/torchscript_program.hpp>

#include <c10/core/Device.h>
#include <dlfcn.h>

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

namespace carpool::bert {

/// A model that was exported from Python, for `model_options::program`:
///
///     bert::embedder model{"all-MiniLM-L6-v2", {.program = bert::program_file{"minilm.pt2"}}};
///
/// examples/export_encoder.py writes such files.
struct program_file {
  /// NAME.pt2 (AOTInductor) or NAME.pt (TorchScript).
  std::filesystem::path path;

  /// A shared library with operators that the model needs, such as libtorchtrt_runtime.so for modules of
  /// Torch-TensorRT. It is loaded first, and never unloaded.
  std::filesystem::path load_library = {};

  /// Throws `load_error` naming the file and the cause.
  std::shared_ptr<program> operator()(c10::Device device) const {
    std::error_code failure;
    if (!std::filesystem::is_regular_file(path, failure))
      throw load_error{path.string() + (failure ? ": " + failure.message() : " is not a regular file")};
    load_operators();
    if (path.extension() == ".pt2") return std::make_shared<aoti_program>(path.string(), device);
    if (path.extension() == ".pt") return std::make_shared<torchscript_program>(path.string(), device);
    throw load_error{path.string() + " must be named .pt2 (an AOTInductor package) or .pt (TorchScript)"};
  }

 private:
  void load_operators() const {
    if (!load_library.empty() && ::dlopen(load_library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr)
      throw load_error{load_library.string() + " cannot be loaded as a shared library: " + ::dlerror()};
  }
};

}  // namespace carpool::bert
