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

// Metrics of one model in Triton.
class triton_text {
 public:
  explicit triton_text(std::string_view model) : model_(model) {}

  void add(const char* name, const char* type, const char* help, carpool::metric_value value) {
    text.family(name, type, help);
    text.sample(name, {{"model", model_}, {"version", "1"}}, value);
  }

  void add_failures(std::initializer_list<std::pair<const char*, std::uint64_t>> by_reason) {
    constexpr const char* name = "nv_inference_request_failure";
    text.family(name, "counter", "Texts that were not answered, by the reason.");
    for (const auto& [reason, count] : by_reason)
      text.sample(name, {{"model", model_}, {"reason", reason}, {"version", "1"}}, count);
  }

  void add_time(const char* name, const char* help, const model_statistics::sum& time) {
    add(name, "counter", help, time.nanoseconds / 1000);
  }

  prometheus_text text;

 private:
  std::string_view model_;
};

}  // namespace

std::string render_tei_metrics(const carpool::stats& stats, const counters& counted) {
  prometheus_text text;
  text.counter("te_request_count", "Requests for embeddings.", counted.requests);
  text.counter("te_request_success", "Requests for embeddings that were answered.",
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
  return text.release();
}

std::string render_triton_metrics(const carpool::stats& stats, const model_statistics::snapshot& totals,
                                  std::string_view model, std::span<const gpu_reading> gpus) {
  triton_text metrics(model);
  metrics.add("nv_inference_request_success", "counter", "Texts that were answered.", stats.succeeded);
  metrics.add_failures({{"REJECTED", stats.rejected + stats.expired},
                        {"CANCELED", stats.cancelled},
                        {"BACKEND", stats.failed},
                        {"OTHER", stats.shut_down}});
  metrics.add("nv_inference_count", "counter", "Texts that the model has worked on.", totals.inferences);
  metrics.add("nv_inference_exec_count", "counter", "Model runs.", totals.executions);
  metrics.add("nv_inference_pending_request_count", "gauge", "Texts that wait now.", stats.queued);
  metrics.add_time("nv_inference_request_duration_us", "Time of answered texts, from arrival to result.",
                   totals.success);
  metrics.add_time("nv_inference_queue_duration_us", "Time that answered texts waited.", totals.queue);
  const auto& phases = totals.by_text;
  metrics.add_time("nv_inference_compute_input_duration_us", "Collation of batches.", phases.compute_input);
  metrics.add_time("nv_inference_compute_infer_duration_us", "Model runs.", phases.compute_infer);
  metrics.add_time("nv_inference_compute_output_duration_us", "Splitting of results.", phases.compute_output);
  const auto add_gpu = [&](const char* name, const char* help, auto value) {
    add_gpu_gauge(metrics.text, name, help, "gpu_uuid", gpus,
                  [value](const gpu_reading& each) { return each.sample.*value; });
  };
  using sample = carpool::bert::gpu_sample;
  add_gpu("nv_gpu_utilization", "Share of the last period in which any kernel ran.", &sample::busy);
  add_gpu("nv_gpu_memory_used_bytes", "Memory of the GPU in use.", &sample::memory_used);
  add_gpu("nv_gpu_memory_total_bytes", "Memory of the GPU.", &sample::memory_total);
  return metrics.text.release();
}

}  // namespace embed_server
