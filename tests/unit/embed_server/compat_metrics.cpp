// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/compat_metrics.hpp"

#include "support/doctest.hpp"
#include "support/metrics_text.hpp"
#include "support/some_stats.hpp"

#include <span>
#include <string>
#include <vector>

using namespace embed_server;
using carpool::test::has_line;
using namespace std::chrono_literals;

namespace {

model_reading reading() {
  model_reading one;
  one.model = "bert";
  one.stats = carpool::test::some_stats();
  return one;
}

}  // namespace

TEST_CASE("dashboards for text-embeddings-inference find its names") {
  model_reading one = reading();
  one.counted.requests = 12;
  one.counted.invalid = 5;
  one.counted.request_time.record(1'000'000);
  const auto text = render_tei_metrics(std::span(&one, 1));
  CHECK(has_line(text, "te_request_count{model=\"bert\"} 12"));
  CHECK(has_line(text, "te_request_success{model=\"bert\"} 1"));
  CHECK(has_line(text, "te_request_failure{model=\"bert\",err=\"overloaded\"} 2"));
  CHECK(has_line(text, "te_request_failure{model=\"bert\",err=\"validation\"} 5"));
  CHECK(has_line(text, "te_request_failure{model=\"bert\",err=\"dropped\"} 4"));
  CHECK(has_line(text, "te_request_failure{model=\"bert\",err=\"inference\"} 1"));
  CHECK(has_line(text, "te_request_duration_count{model=\"bert\"} 1"));
  CHECK(has_line(text, "te_request_queue_duration_count{model=\"bert\"} 1"));
  CHECK(has_line(text, "te_batch_next_size_bucket{model=\"bert\",le=\"16\"} 2"));
  CHECK(has_line(text, "te_batch_next_size_sum{model=\"bert\"} 49"));
  CHECK(has_line(text, "te_queue_size{model=\"bert\"} 2"));
}

TEST_CASE("Triton's clients find its names, with the model as a label") {
  model_reading one = reading();
  model_statistics::snapshot& totals = one.totals;
  totals.inferences = 20;
  totals.executions = 3;
  totals.success.add(5ms);
  totals.queue.add(2ms);
  totals.by_text.compute_infer.add(1500us);
  const auto text = render_triton_metrics(std::span(&one, 1));
  CHECK(has_line(text, R"(nv_inference_request_success{model="bert",version="1"} 20)"));
  CHECK(has_line(text, R"(nv_inference_request_failure{model="bert",version="1",reason="REJECTED"} 5)"));
  CHECK(has_line(text, R"(nv_inference_request_failure{model="bert",version="1",reason="CANCELED"} 1)"));
  CHECK(has_line(text, R"(nv_inference_request_failure{model="bert",version="1",reason="BACKEND"} 1)"));
  CHECK(has_line(text, R"(nv_inference_count{model="bert",version="1"} 20)"));
  CHECK(has_line(text, R"(nv_inference_exec_count{model="bert",version="1"} 3)"));
  CHECK(has_line(text, R"(nv_inference_pending_request_count{model="bert",version="1"} 2)"));
  CHECK(has_line(text, R"(nv_inference_request_duration_us{model="bert",version="1"} 5000)"));
  CHECK(has_line(text, R"(nv_inference_queue_duration_us{model="bert",version="1"} 2000)"));
  CHECK(has_line(text, R"(nv_inference_compute_infer_duration_us{model="bert",version="1"} 1500)"));
  CHECK(text.find("nv_gpu") == std::string::npos);
}

TEST_CASE("Triton's names for GPUs tell what the driver tells") {
  const std::vector<gpu_reading> gpus{{"cuda:0", {.busy = 0.75, .memory_used = 400, .memory_total = 800}}};
  model_reading one = reading();
  one.gpus = gpus;
  const auto text = render_triton_metrics(std::span(&one, 1));
  CHECK(has_line(text, R"(nv_gpu_utilization{gpu_uuid="cuda:0"} 0.75)"));
  CHECK(has_line(text, R"(nv_gpu_memory_used_bytes{gpu_uuid="cuda:0"} 400)"));
  CHECK(has_line(text, R"(nv_gpu_memory_total_bytes{gpu_uuid="cuda:0"} 800)"));
}
