// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "compat_metrics.hpp"

#include "gpu_gauge.hpp"
#include <carpool/observe/prometheus.hpp>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace embed_server {
namespace {

using carpool::prometheus_text;

// The powers of two up to 4096, as TEI has them.
void add_batch_sizes(prometheus_text& text, const carpool::size_histogram& sizes) {
  std::vector<std::pair<double, std::uint64_t>> buckets;
  for (std::uint64_t size = 1; size <= 4096; size *= 2) buckets.emplace_back(size, sizes.count_up_to(size));
  text.histogram("te_batch_next_size", "Texts in a batch.", buckets, static_cast<double>(sizes.sum()),
                 sizes.count());
}

void add_tei(prometheus_text& text, const carpool::stats& stats, const model_counters& counted) {
  text.counter("te_request_count", "Requests for embeddings or scores.", counted.requests);
  text.counter("te_request_success", "Requests for embeddings or scores that were answered.",
               counted.request_time.count());
  text.family("te_request_failure", "counter", "Texts that were not answered, by the reason.");
  const std::pair<const char*, std::uint64_t> failures[] = {{"overloaded", stats.rejected},
                                                            {"validation", counted.invalid},
                                                            {"dropped", stats.cancelled + stats.expired},
                                                            {"inference", stats.failed}};
  for (const auto& [reason, count] : failures) text.sample("te_request_failure", {{"err", reason}}, count);
  carpool::write_durations(text, "te_request_duration", "Seconds from header to answer.",
                           counted.request_time);
  carpool::write_durations(text, "te_request_queue_duration", "Seconds that a text waited.",
                           stats.queue_time);
  carpool::write_durations(text, "te_request_inference_duration", "Seconds of a model run.",
                           stats.execution_time);
  add_batch_sizes(text, stats.batch_size);
  text.gauge("te_queue_size", "Texts that wait now.", stats.queued);
}

void add_triton(prometheus_text& text, const carpool::stats& stats,
                const model_statistics::snapshot& totals) {
  text.counter("nv_inference_request_success", "Texts that were answered.", stats.succeeded);
  text.family("nv_inference_request_failure", "counter", "Texts that were not answered, by the reason.");
  const std::pair<const char*, std::uint64_t> failures[] = {{"REJECTED", stats.rejected + stats.expired},
                                                            {"CANCELED", stats.cancelled},
                                                            {"BACKEND", stats.failed},
                                                            {"OTHER", stats.shut_down}};
  for (const auto& [reason, count] : failures)
    text.sample("nv_inference_request_failure", {{"reason", reason}}, count);
  text.counter("nv_inference_count", "Texts that the model has worked on.", totals.inferences);
  text.counter("nv_inference_exec_count", "Model runs.", totals.executions);
  text.gauge("nv_inference_pending_request_count", "Texts that wait now.", stats.queued);
  const auto add_time = [&](const char* name, const char* help, const model_statistics::sum& time) {
    text.counter(name, help, time.nanoseconds / 1000);
  };
  add_time("nv_inference_request_duration_us", "Time of answered texts, from arrival to result.",
           totals.success);
  add_time("nv_inference_queue_duration_us", "Time that answered texts waited.", totals.queue);
  const auto& phases = totals.by_text;
  add_time("nv_inference_compute_input_duration_us", "Collation of batches.", phases.compute_input);
  add_time("nv_inference_compute_infer_duration_us", "Model runs.", phases.compute_infer);
  add_time("nv_inference_compute_output_duration_us", "Splitting of results.", phases.compute_output);
}

void add_triton_gpus(prometheus_text& text, std::span<const gpu_reading> gpus) {
  const auto add = [&](const char* name, const char* help, auto value) {
    add_gpu_gauge(text, name, help, "gpu_uuid", gpus,
                  [value](const gpu_reading& each) { return each.sample.*value; });
  };
  using sample = carpool::bert::gpu_sample;
  add("nv_gpu_utilization", "Share of the last period in which any kernel ran.", &sample::busy);
  add("nv_gpu_memory_used_bytes", "Memory of the GPU in use.", &sample::memory_used);
  add("nv_gpu_memory_total_bytes", "Memory of the GPU.", &sample::memory_total);
}

}  // namespace

std::string render_tei_metrics(std::span<const model_reading> models) {
  prometheus_text text;
  for (const model_reading& each : models) {
    text.set_common_labels(labels_of(each.model, each.variant));
    add_tei(text, each.stats, each.counted);
  }
  return text.release();
}

std::string render_triton_metrics(std::span<const model_reading> models) {
  prometheus_text text;
  for (const model_reading& each : models) {
    auto labels = labels_of(each.model, each.variant);
    labels.emplace_back("version", "1");
    text.set_common_labels(std::move(labels));
    add_triton(text, each.stats, each.totals);
  }
  text.set_common_labels({});
  const auto gpus = gpus_of(models);
  add_triton_gpus(text, gpus);
  return text.release();
}

}  // namespace embed_server
