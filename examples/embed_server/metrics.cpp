// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "metrics.hpp"

#include "gpu_gauge.hpp"
#include "process_metrics.hpp"
#include <carpool/observe/prometheus.hpp>
#include <carpool/version.hpp>

#include <optional>
#include <string>

namespace embed_server {
namespace {

using carpool::prometheus_text;

void add_http(prometheus_text& text, const counters& counted) {
  text.family("carpool_http_connections", "gauge", "Open connections by whether a request is being served.");
  text.sample("carpool_http_connections", {{"state", "idle"}}, counted.idle_connections);
  text.sample("carpool_http_connections", {{"state", "active"}}, counted.active_connections);
  text.family("carpool_http_responses_total", "counter", "HTTP answers by status.");
  for (const auto& [status, count] : counted.answers)
    text.sample("carpool_http_responses_total", {{"code", std::to_string(status)}}, count);
  if (counted.lost_log_lines)
    text.counter("carpool_access_log_dropped_total", "Lines that the access log had no room for.",
                 *counted.lost_log_lines);
}

void add_devices(prometheus_text& text, std::span<const carpool::bert::device_status> devices) {
  if (devices.empty()) return;
  text.family("carpool_device_works", "gauge", "1, or 0 if the device has failed for good.");
  for (const auto& each : devices)
    text.sample("carpool_device_works", {{"device", each.name}}, each.works ? 1 : 0);
}

void add_gpus(prometheus_text& text, std::span<const gpu_reading> gpus) {
  using sample = carpool::bert::gpu_sample;
  const auto add = [&](const char* name, const char* help, auto value) {
    add_gpu_gauge(text, name, help, "device", gpus,
                  [value](const gpu_reading& each) { return each.sample.*value; });
  };
  add("carpool_gpu_utilization_ratio", "Share of the last period in which any kernel ran.", &sample::busy);
  add("carpool_gpu_memory_used_bytes", "Memory of the GPU in use, by all processes.", &sample::memory_used);
  add("carpool_gpu_memory_total_bytes", "Memory of the GPU.", &sample::memory_total);
  add_gpu_gauge(text, "carpool_gpu_memory_headroom_bytes", "Memory of the GPU that this process leaves free.",
                "device", gpus, [](const gpu_reading& each) -> std::optional<double> {
                  if (!each.sample.memory_total) return std::nullopt;
                  return each.headroom * static_cast<double>(*each.sample.memory_total);
                });
  add("carpool_gpu_temperature_celsius", "Temperature of the GPU.", &sample::temperature);
  add("carpool_gpu_power_watts", "Power that the GPU draws.", &sample::power);
  add("carpool_gpu_ecc_errors", "Uncorrected memory errors since the driver was loaded.",
      &sample::ecc_errors);
  add("carpool_gpu_processes", "Processes that compute on the GPU.", &sample::processes);
}

}  // namespace

std::string render_metrics(const carpool::stats& stats, const counters& counted, const metrics_labels& labels,
                           std::span<const carpool::bert::device_status> devices,
                           std::span<const gpu_reading> gpus) {
  prometheus_text text;
  text.family("carpool_build_info", "gauge", "Always 1; the labels say what is running.");
  text.sample("carpool_build_info", {{"version", CARPOOL_VERSION_STRING}, {"model", labels.model}}, 1);
  carpool::write_requests(text, stats, counted.invalid);
  text.counter("carpool_tokens_total", "Tokens of the texts submitted.", counted.tokens);
  carpool::write_durations(text, "carpool_request_duration_seconds",
                           "HTTP requests for embeddings, from header to answer.", counted.request_time);
  carpool::write_batches(text, stats);
  carpool::write_queue(text, stats);
  carpool::write_forecast(text, stats);
  text.gauge("carpool_max_batch_size", "Texts that a batch may have.", labels.max_batch_size);
  text.gauge("carpool_admission_limit", "Texts that may wait at once.", labels.max_queue_size);
  add_http(text, counted);
  add_devices(text, devices);
  add_gpus(text, gpus);
  add_process_metrics(text);
  return text.release();
}

}  // namespace embed_server
