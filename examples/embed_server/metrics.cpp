// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "metrics.hpp"

#include "process_metrics.hpp"
#include <carpool/observe/prometheus.hpp>
#include <carpool/version.hpp>

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
}

template <class Value>
void add_if_told(prometheus_text& text, const char* name, const char* help,
                 const std::optional<Value>& value) {
  if (value) text.gauge(name, help, *value);
}

void add_gpu(prometheus_text& text, const carpool::bert::gpu_sample& gpu) {
  add_if_told(text, "carpool_gpu_utilization_ratio", "Share of the last period in which any kernel ran.",
              gpu.busy);
  add_if_told(text, "carpool_gpu_memory_used_bytes", "Memory of the GPU in use, by all processes.",
              gpu.memory_used);
  add_if_told(text, "carpool_gpu_memory_total_bytes", "Memory of the GPU.", gpu.memory_total);
  add_if_told(text, "carpool_gpu_temperature_celsius", "Temperature of the GPU.", gpu.temperature);
  add_if_told(text, "carpool_gpu_power_watts", "Power that the GPU draws.", gpu.power);
  add_if_told(text, "carpool_gpu_ecc_errors", "Uncorrected memory errors since the driver was loaded.",
              gpu.ecc_errors);
  add_if_told(text, "carpool_gpu_processes", "Processes that compute on the GPU.", gpu.processes);
}

}  // namespace

std::string render_metrics(const carpool::stats& stats, const counters& counted, const metrics_labels& labels,
                           const std::optional<carpool::bert::gpu_sample>& gpu) {
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
  text.gauge("carpool_admission_limit", "Texts that may wait at once.", labels.max_queue_size);
  add_http(text, counted);
  if (gpu) add_gpu(text, *gpu);
  add_process_metrics(text);
  return text.release();
}

}  // namespace embed_server
