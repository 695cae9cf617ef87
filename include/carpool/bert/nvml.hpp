// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlfcn.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace carpool::bert {

/// What NVIDIA's driver says about a device. What a device does not tell is empty.
struct gpu_sample {
  std::optional<double> busy = {};  ///< share of the last period in which any kernel ran, 0 to 1
  std::optional<std::uint64_t> memory_used = {};   ///< bytes, of all processes
  std::optional<std::uint64_t> memory_total = {};  ///< bytes
  std::optional<double> temperature = {};          ///< degrees Celsius
  std::optional<double> power = {};                ///< watts
  std::optional<std::uint64_t> ecc_errors = {};    ///< uncorrected ones since the driver was loaded
  std::optional<unsigned> processes = {};          ///< that compute on it
};

/// Telemetry of one GPU through NVML, which is part of NVIDIA's driver and is looked for at run time:
/// programs need neither its header nor the library to be built or to start. Thread-safe, as NVML is.
class gpu_telemetry {
 public:
  /// `pci_bus_id`: as cudaDeviceGetPCIBusId writes it, because NVML and CUDA count devices differently.
  /// Throws std::runtime_error with a sentence where there is no such library or device.
  explicit gpu_telemetry(const std::string& pci_bus_id, const char* library = "libnvidia-ml.so.1")
      : nvml_(std::make_shared<const functions>(library)) {
    const int status = nvml_->device_by_pci_bus_id(pci_bus_id.c_str(), &device_);
    if (status != 0) throw std::runtime_error("NVML does not know the device " + pci_bus_id + reason(status));
  }

  /// Asks now; takes some 10 microseconds to some milliseconds.
  [[nodiscard]] gpu_sample sample() const {
    gpu_sample result;
    if (utilization rates{}; nvml_->utilization_rates(device_, &rates) == 0) result.busy = rates.gpu / 100.0;
    if (memory info{}; nvml_->memory_info(device_, &info) == 0) {
      result.memory_used = info.used;
      result.memory_total = info.total;
    }
    unsigned number = 0;
    constexpr int on_chip = 0;
    if (nvml_->temperature(device_, on_chip, &number) == 0) result.temperature = number;
    if (nvml_->power_usage(device_, &number) == 0) result.power = number / 1000.0;
    unsigned long long errors = 0;
    constexpr int uncorrected = 1;
    constexpr int since_driver_was_loaded = 0;
    if (nvml_->total_ecc_errors(device_, uncorrected, since_driver_was_loaded, &errors) == 0)
      result.ecc_errors = errors;
    unsigned count = 0;  // asking with room for none tells how many there are
    constexpr int insufficient_size = 7;
    const int status = nvml_->compute_processes(device_, &count, nullptr);
    if (status == 0 || status == insufficient_size) result.processes = count;
    return result;
  }

 private:
  using device = void*;
  struct utilization {
    unsigned gpu, memory;  // per cent
  };
  struct memory {
    unsigned long long total, free, used;
  };

  static std::string reason(int status) { return " (NVML status " + std::to_string(status) + ")"; }

  /// The library with those of its functions that are used, as documented in "NVML API Reference", NVIDIA.
  struct functions {
    explicit functions(const char* library) : handle_(dlopen(library, RTLD_NOW | RTLD_LOCAL)) {
      if (handle_ == nullptr) throw std::runtime_error(std::string("no NVML: ") + dlerror());
      try {
        find("nvmlInit_v2", init);
        find("nvmlShutdown", shutdown);
        find("nvmlDeviceGetHandleByPciBusId_v2", device_by_pci_bus_id);
        find("nvmlDeviceGetUtilizationRates", utilization_rates);
        find("nvmlDeviceGetMemoryInfo", memory_info);
        find("nvmlDeviceGetTemperature", temperature);
        find("nvmlDeviceGetPowerUsage", power_usage);
        find("nvmlDeviceGetTotalEccErrors", total_ecc_errors);
        find("nvmlDeviceGetComputeRunningProcesses_v3", compute_processes);
        if (const int status = init(); status != 0)
          throw std::runtime_error("NVML does not start" + reason(status));
      } catch (...) {
        dlclose(handle_);
        throw;
      }
    }
    ~functions() {
      shutdown();
      dlclose(handle_);
    }
    functions(const functions&) = delete;
    functions& operator=(const functions&) = delete;

    int (*init)() = nullptr;
    int (*shutdown)() = nullptr;
    int (*device_by_pci_bus_id)(const char*, device*) = nullptr;
    int (*utilization_rates)(device, utilization*) = nullptr;
    int (*memory_info)(device, memory*) = nullptr;
    int (*temperature)(device, int sensor, unsigned* degrees) = nullptr;
    int (*power_usage)(device, unsigned* milliwatts) = nullptr;
    int (*total_ecc_errors)(device, int kind, int period, unsigned long long*) = nullptr;
    int (*compute_processes)(device, unsigned* count, void* details) = nullptr;

   private:
    template <class Function>
    void find(const char* name, Function& found) {
      found = reinterpret_cast<Function>(dlsym(handle_, name));
      if (found == nullptr) throw std::runtime_error(std::string("this NVML has no function ") + name);
    }
    void* handle_;
  };

  std::shared_ptr<const functions> nvml_;
  device device_ = nullptr;
};

}  // namespace carpool::bert
