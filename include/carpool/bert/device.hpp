// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/cores.hpp>
#include <carpool/bert/nvml.hpp>

#include <ATen/Version.h>
#include <c10/core/Device.h>

#ifdef CARPOOL_BERT_CUDA
#include <ATen/Context.h>
#include <cuda_runtime_api.h>
#endif

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace carpool::bert {

/// What CUDA offers this process: how many devices, and why there is none.
struct cuda_availability {
  int devices = 0;
  std::string why_not;  ///< "this program was built without it", "there is no NVIDIA driver", ...
};

inline cuda_availability find_cuda() {
#ifdef CARPOOL_BERT_CUDA
  int devices = 0;
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) return {0, "there is no NVIDIA driver"};
  const cudaError_t status = cudaGetDeviceCount(&devices);
  if (status != cudaSuccess) return {0, cudaGetErrorString(status)};
  if (devices == 0) return {0, "the driver reports no device"};
  if (!at::hasCUDA()) return {0, "this libtorch was built without it"};
  return {devices, ""};
#else
  return {0, "this program was built without it"};
#endif
}

/// The device that `model_options::device` means on this machine. Throws `std::invalid_argument` with a
/// sentence when the name is none of "auto", "cpu", "cuda" and "cuda:N", or there is no such device.
inline c10::Device choose_device(std::string_view name) {
  const std::string subject = "model_options::device is \"" + std::string(name) + "\"";
  if (name == "cpu") return c10::kCPU;
  const cuda_availability cuda = find_cuda();
  if (name == "auto") return cuda.devices > 0 ? c10::Device(c10::kCUDA, 0) : c10::Device(c10::kCPU);
  int index = 0;
  if (name != "cuda") {
    const bool numbered = name.starts_with("cuda:");
    const std::string_view digits = numbered ? name.substr(5) : std::string_view{};
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (!numbered || fault != std::errc{} || end != digits.data() + digits.size() || index < 0) {
      throw std::invalid_argument(subject + "; it must be \"auto\", \"cpu\", \"cuda\" or \"cuda:N\"");
    }
  }
  if (cuda.devices == 0) throw std::invalid_argument(subject + ", but there is no CUDA: " + cuda.why_not);
  if (index >= cuda.devices) {
    throw std::invalid_argument(subject + ", but the last CUDA device is number " +
                                std::to_string(cuda.devices - 1));
  }
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

/// The intra-op threads of a lane that `model_options::threads` means on this machine.
inline int choose_threads(std::size_t asked) {
  if (asked == 0) asked = share_cores(core_count()).threads;
  return static_cast<int>(std::min<std::size_t>(asked, 1024));
}

/// The version of the libtorch that runs, as in "2.11.0".
inline std::string libtorch_version() {
  constexpr std::string_view key = "TORCH_VERSION=";
  const std::string configuration = at::show_config();
  const std::size_t found = configuration.find(key);
  if (found == std::string::npos) return "of unknown version";
  const std::size_t begin = found + key.size();
  return configuration.substr(begin, configuration.find_first_of(", \n", begin) - begin);
}

#ifdef CARPOOL_BERT_CUDA
inline std::string describe_cuda(c10::DeviceIndex index) {
  const auto version = [](int v) { return std::to_string(v / 1000) + "." + std::to_string(v % 1000 / 10); };
  cudaDeviceProp properties{};
  int driver = 0;
  int runtime = 0;
  if (cudaGetDeviceProperties(&properties, index) != cudaSuccess ||
      cudaDriverGetVersion(&driver) != cudaSuccess || cudaRuntimeGetVersion(&runtime) != cudaSuccess) {
    return std::string("unknown: ") + cudaGetErrorString(cudaGetLastError());
  }
  return std::string(properties.name) + ", " + std::to_string(properties.totalGlobalMem >> 30U) +
         " GiB, compute capability " + std::to_string(properties.major) + "." +
         std::to_string(properties.minor) + ", driver for CUDA " + version(driver) + ", CUDA runtime " +
         version(runtime);
}
#endif

/// Telemetry of a CUDA device; null where there is no other device than the CPU, or nobody tells.
inline std::shared_ptr<const gpu_telemetry> find_telemetry(c10::Device device) {
#ifdef CARPOOL_BERT_CUDA
  char pci_bus_id[32] = "";
  if (device.is_cuda() &&
      cudaDeviceGetPCIBusId(pci_bus_id, sizeof pci_bus_id, device.index()) == cudaSuccess) {
    try {
      return std::make_shared<const gpu_telemetry>(pci_bus_id);
    } catch (const std::runtime_error&) {  // no library, no telemetry
    }
  }
#else
  static_cast<void>(device);
#endif
  return nullptr;
}

/// One line for people: the device, its size and versions, and on the CPU why it is not CUDA.
inline std::string describe_device(c10::Device device, int threads) {
  const std::string libtorch = ", libtorch " + libtorch_version();
#ifdef CARPOOL_BERT_CUDA
  if (device.is_cuda()) return device.str() + ", " + describe_cuda(device.index()) + libtorch;
#endif
  const cuda_availability cuda = find_cuda();
  return device.str() + ", " + at::get_cpu_capability() + ", " + std::to_string(threads) +
         (threads == 1 ? " thread" : " threads") + libtorch +
         (cuda.devices > 0 ? "; CUDA is there, but not asked for" : "; no CUDA: " + cuda.why_not);
}

}  // namespace carpool::bert
