// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/cores.hpp>
#include <carpool/bert/device_placement.hpp>
#include <carpool/bert/memory_headroom.hpp>
#include <carpool/bert/nvml.hpp>
#include <carpool/bert/options.hpp>

#include <ATen/Version.h>
#include <c10/core/Device.h>

#ifdef CARPOOL_BERT_CUDA
#include <ATen/Context.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <cuda_runtime_api.h>
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

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

/// The devices that `model_options::device` and `devices` mean on this machine; one at least. Throws
/// `std::invalid_argument` with a sentence when the name is none of "auto", "cpu" and "cuda", or there is no
/// such device.
inline std::vector<c10::Device> choose_devices(std::string_view name,
                                               std::span<const std::size_t> ordinals = {}) {
  const std::string subject = "model_options::device is \"" + std::string(name) + "\"";
  if (name != "auto" && name != "cpu" && name != "cuda") {
    throw std::invalid_argument(
        subject + "; it must be \"auto\", \"cpu\" or \"cuda\"" +
        (name.starts_with("cuda:") ? ", and devices the numbers of CUDA devices" : ""));
  }
  const cuda_availability cuda = name == "cpu" ? cuda_availability{} : find_cuda();
  if (name == "cuda" && cuda.devices == 0)
    throw std::invalid_argument(subject + ", but there is no CUDA: " + cuda.why_not);
  if (cuda.devices == 0) {
    if (ordinals.empty()) return {c10::kCPU};
    throw std::invalid_argument("model_options::devices is for CUDA devices, but the device is the CPU" +
                                (cuda.why_not.empty() ? "" : "; no CUDA: " + cuda.why_not));
  }
  if (ordinals.empty()) return {c10::Device(c10::kCUDA, 0)};
  check_ordinals(ordinals, static_cast<std::size_t>(cuda.devices));
  std::vector<c10::Device> devices;
  for (const std::size_t each : ordinals)
    devices.emplace_back(c10::kCUDA, static_cast<c10::DeviceIndex>(each));
  return devices;
}

/// The lanes of each device that the options mean on this machine.
inline std::size_t choose_lanes(const model_options& given, bool on_cuda) {
  if (given.lanes_per_device != 0) return given.lanes_per_device;
  if (on_cuda) return 2;
  return given.threads == 0 ? share_cores(core_count()).lanes : 1;
}

/// The intra-op threads of a lane on the CPU that the options mean on this machine.
inline int choose_threads(const model_options& given) {
  constexpr std::size_t most = 1024;
  if (given.threads != 0) return static_cast<int>(std::min(given.threads, most));
  return static_cast<int>(threads_per_lane(core_count(), choose_lanes(given, /*on_cuda=*/false)));
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

/// Bounds libtorch's memory on a CUDA device, so that the headroom stays free; does nothing on the CPU.
/// Throws as memory_share() does.
inline void keep_headroom(c10::Device device, double headroom) {
#ifdef CARPOOL_BERT_CUDA
  if (!device.is_cuda()) return;
  const c10::cuda::CUDAGuard on(device.index());
  at::globalContext().lazyInitDevice(c10::DeviceType::CUDA);  // else there is no allocator yet to be asked
  std::size_t free = 0, total = 0;
  C10_CUDA_CHECK(cudaMemGetInfo(&free, &total));
  const auto held = c10::cuda::CUDACachingAllocator::getDeviceStats(device.index()).reserved_bytes[0].current;
  const device_memory now{total, free, static_cast<std::uint64_t>(held)};
  c10::cuda::CUDACachingAllocator::setMemoryFraction(memory_share(device.str(), now, headroom),
                                                     device.index());
#else
  static_cast<void>(device);
  static_cast<void>(headroom);
#endif
}

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
