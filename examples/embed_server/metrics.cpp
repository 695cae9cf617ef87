// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "metrics.hpp"

#include "gpu_gauge.hpp"
#include "process_metrics.hpp"
#include <carpool/observe/prometheus.hpp>
#include <carpool/version.hpp>

#include <optional>
#include <string>
#include <utility>

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

void add_model(prometheus_text& text, const model_reading& of) {
  text.family("carpool_build_info", "gauge", "Always 1; the labels say what is running.");
  text.sample("carpool_build_info", {{"version", CARPOOL_VERSION_STRING}}, 1);
  carpool::write_requests(text, of.stats, of.counted.invalid);
  text.counter("carpool_tokens_total", "Tokens of the texts submitted.", of.counted.tokens);
  carpool::write_durations(text, "carpool_request_duration_seconds",
                           "HTTP requests for embeddings or scores, from header to answer.",
                           of.counted.request_time);
  carpool::write_batches(text, of.stats);
  carpool::write_queue(text, of.stats);
  carpool::write_forecast(text, of.stats);
  text.gauge("carpool_max_batch_size", "Texts that a batch may have.", of.max_batch_size);
  text.gauge("carpool_admission_limit", "Texts that may wait at once.", of.max_queue_size);
  add_devices(text, of.devices);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> labels_of(const std::string& model,
                                                           const std::string& variant) {
  std::vector<std::pair<std::string, std::string>> all{{"model", model}};
  if (!variant.empty()) all.emplace_back("variant", variant);
  return all;
}

std::vector<model_reading> read(std::span<const std::shared_ptr<hosted_model>> models) {
  std::vector<model_reading> all;
  for (const auto& hosted : models) {
    for (const model_arm& arm : std::as_const(*hosted).arms()) {
      const served_model& about = arm.engine->model();
      all.push_back({about.name, arm.variant, about.max_batch_size, about.max_queue_size, arm.engine->stats(),
                     arm.counted->read(), arm.engine->totals(), arm.engine->devices(),
                     arm.engine->sample_gpus()});
    }
  }
  return all;
}

std::vector<gpu_reading> gpus_of(std::span<const model_reading> models) {
  std::map<std::string, gpu_reading> by_name;
  for (const model_reading& each : models)
    for (const gpu_reading& gpu : each.gpus) by_name.try_emplace(gpu.device, gpu);
  std::vector<gpu_reading> all;
  for (auto& [name, gpu] : by_name) all.push_back(std::move(gpu));
  return all;
}

std::string render_metrics(std::span<const model_reading> models, const counters& counted) {
  prometheus_text text;
  for (const model_reading& each : models) {
    text.set_common_labels(labels_of(each.model, each.variant));
    add_model(text, each);
  }
  text.set_common_labels({});
  add_http(text, counted);
  const auto gpus = gpus_of(models);
  add_gpus(text, gpus);
  add_process_metrics(text);
  return text.release();
}

}  // namespace embed_server
