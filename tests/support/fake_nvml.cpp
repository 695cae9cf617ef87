// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// A library with the functions of NVIDIA's NVML that carpool uses and one device, 00000000:01:00.0, which
// does not tell its power.

#include <cstring>

namespace {

struct utilization {
  unsigned gpu, memory;
};
struct memory {
  unsigned long long total, free, used;
};

constexpr int ok = 0;
constexpr int not_supported = 3;
constexpr int not_found = 6;
constexpr int insufficient_size = 7;
int the_device;

}  // namespace

extern "C" {

int nvmlInit_v2() { return ok; }
int nvmlShutdown() { return ok; }
int nvmlDeviceGetHandleByPciBusId_v2(const char* id, void** device) {
  if (std::strcmp(id, "00000000:01:00.0") != 0) return not_found;
  *device = &the_device;
  return ok;
}
int nvmlDeviceGetUtilizationRates(void*, utilization* rates) {
  *rates = {75, 20};
  return ok;
}
int nvmlDeviceGetMemoryInfo(void*, memory* info) {
  *info = {1000, 600, 400};
  return ok;
}
int nvmlDeviceGetTemperature(void*, int sensor, unsigned* degrees) {
  *degrees = 64;
  return sensor == 0 ? ok : not_supported;
}
int nvmlDeviceGetPowerUsage(void*, unsigned*) { return not_supported; }
int nvmlDeviceGetTotalEccErrors(void*, int kind, int period, unsigned long long* errors) {
  *errors = 2;
  return kind == 1 && period == 0 ? ok : not_supported;
}
int nvmlDeviceGetComputeRunningProcesses_v3(void*, unsigned* count, void*) {
  *count = 3;
  return insufficient_size;
}

}  // extern "C"
