// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/device.hpp>
#include <carpool/bert/error.hpp>
#include <carpool/bert/program.hpp>
#include <carpool/bert/program_lane.hpp>

#include <ATen/Version.h>
#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <dlfcn.h>
#include <link.h>
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace carpool::bert {

using package_metadata = std::unordered_map<std::string, std::string>;

/// Why a package with this metadata cannot run, where trying might end in a crash; empty if nothing speaks
/// against it. `cpu` is the instruction set that libtorch found. export_encoder.py writes "torch" and
/// "max_tokens", torch the rest.
inline std::string misfit_of(const package_metadata& package, c10::Device device, const std::string& libtorch,
                             const std::string& cpu) {
  const auto value = [&](const char* key) {
    const auto entry = package.find(key);
    return entry == package.end() ? std::string{} : entry->second;
  };
  const std::string torch = value("torch"), type = value("AOTI_DEVICE_KEY");
  if (!torch.empty() && torch != libtorch)
    return "was exported by torch " + torch + ", but this is libtorch " + libtorch + "; export it again";
  if (!type.empty() && type != c10::DeviceTypeName(device.type(), /*lower_case=*/true))
    return "was exported for the device " + type + ", but the device asked for is " + device.str();
  if (device.is_cpu() && value("AOTI_CPU_ISA").starts_with("AVX512") && !cpu.starts_with("AVX512"))
    return "was exported for a CPU with AVX-512, which this one does not have; export it here";
  return "";
}

/// Tokens of a text that a package with this metadata takes: it reads beyond its position table for more, and
/// does not tell.
inline std::int64_t most_tokens_of(const package_metadata& package) {
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
  if (const auto entry = package.find("max_tokens"); entry != package.end())
    std::from_chars(entry->second.data(), entry->second.data() + entry->second.size(), most);
  return most;
}

/// Most packages ask the dynamic linker for libtorch.so, an empty library that stands for all of libtorch and
/// lies beside libtorch_cpu.so, where the linker does not look for it. Returns whether it could be loaded.
inline bool load_libtorch() {
  void* const loaded = ::dlopen("libtorch_cpu.so", RTLD_LAZY | RTLD_NOLOAD);
  ::link_map* where = nullptr;
  if (loaded == nullptr || ::dlinfo(loaded, RTLD_DI_LINKMAP, &where) != 0) return false;
  const auto file = std::filesystem::path(where->l_name).replace_filename("libtorch.so");
  return ::dlopen(file.c_str(), RTLD_LAZY | RTLD_GLOBAL) != nullptr;
}

/// A model compiled ahead of time by torch.export and AOTInductor, in a .pt2 package, which fits one version
/// of libtorch, one kind of device and one kind of CPU or GPU.
class aoti_program final : public program {
 public:
  /// Throws `load_error` when the file is no such package, or one that does not fit.
  aoti_program(const std::string& file, c10::Device device) : program(file) {
    try {
      const package_metadata package = read_metadata<loader>(file);
      const std::string misfit = misfit_of(package, device, libtorch_version(), at::get_cpu_capability());
      if (!misfit.empty()) throw load_error{file + " " + misfit};
      most_tokens_ = most_tokens_of(package);
      loader_ = open(file, device);
    } catch (const load_error&) {
      throw;
    } catch (const std::exception& fault) {
      throw load_error{file + " cannot be loaded as an AOTInductor package on " + device.str() +
                       " by libtorch " + libtorch_version() + ": " + cause_of(fault)};
    }
  }

  at::Tensor operator()(const at::Tensor& ids, const at::Tensor& mask) override {
    if (ids.size(1) > most_tokens_)
      throw std::length_error("it was exported for texts of up to " + std::to_string(most_tokens_) +
                              " tokens");
    std::vector<at::Tensor> outputs = loader_->run({ids, mask});
    if (outputs.size() == 1) return std::move(outputs.front());
    throw program_lane::wrong_result(name() + ": the program returned " + std::to_string(outputs.size()) +
                                     " tensors; it must return one, the embeddings");
  }

 private:
  using loader = torch::inductor::AOTIModelPackageLoader;

  // Lanes that may run at once without waiting for each other. They share the weights, so spare ones are
  // cheap.
  static constexpr std::size_t runners = 16;

  template <class Loader>
  static package_metadata read_metadata(const std::string& file) {
    if constexpr (requires { Loader::load_metadata_from_package(file, "model"); })
      return Loader::load_metadata_from_package(file, "model");
    else
      return {};
  }

  static std::unique_ptr<loader> open(const std::string& file, c10::Device device) {
    try {
      return make_loader<loader>(file, device);
    } catch (const std::exception& fault) {
      if (cause_of(fault).find("libtorch.so: ") == std::string::npos || !load_libtorch()) throw;
    }
    return make_loader<loader>(file, device);
  }

  /// Its arguments became more from version to version of libtorch.
  template <class Loader>
  static std::unique_ptr<Loader> make_loader(const std::string& file, c10::Device device) {
    if constexpr (std::is_constructible_v<Loader, const std::string&, const char*, bool, std::size_t,
                                          c10::DeviceIndex>)
      return std::make_unique<Loader>(file, "model", /*run_single_threaded=*/false, runners, device.index());
    else
      return std::make_unique<Loader>(file);
  }

  std::int64_t most_tokens_ = 0;
  std::unique_ptr<loader> loader_;
};

}  // namespace carpool::bert
